using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Oort.Access.Policies;

/// <summary>A value of a condition in a policy, read once.</summary>
internal readonly struct ConditionOperand
{
    private readonly PolicyText text;
    private readonly ResourcePattern? arn;
    private readonly decimal number;
    private readonly DateTimeOffset time;
    private readonly IPNetwork network;

    private ConditionOperand(ConditionTest test, PolicyText text, bool hasVariables)
    {
        this.text = text;
        var source = text.Source;
        var isRead = test switch
        {
            >= ConditionTest.NumericEquals and <= ConditionTest.NumericGreaterEquals => TryNumber(source, out number),
            >= ConditionTest.DateEquals and <= ConditionTest.DateGreaterEquals => TryTime(source, out time),
            ConditionTest.Bool or ConditionTest.Null => bool.TryParse(source, out _),
            ConditionTest.IpAddress => TryNetwork(source, out network),
            ConditionTest.BinaryEquals => Convert.TryFromBase64String(source, new byte[source.Length], out _),
            _ => true,
        };
        if (!isRead) throw new PolicyException($"\"{source}\" is no value for its condition operator.");
        if (test == ConditionTest.ArnLike && source != "*") arn = ResourcePattern.Parse(source, hasVariables);
    }

    /// <exception cref="PolicyException">It is no value for the test.</exception>
    public static ConditionOperand Parse(ConditionTest test, string value, bool hasVariables) =>
        new(test, PolicyText.Parse(value, hasWildcards: test == ConditionTest.StringLike, hasVariables && test is ConditionTest.StringEquals or ConditionTest.StringEqualsIgnoreCase or ConditionTest.StringLike), hasVariables);

    /// <summary>What its variables ask of a request.</summary>
    public IEnumerable<ConditionKey> Keys => arn is null ? text.Keys : arn.Keys;

    /// <summary>What a Boolean is.</summary>
    public bool IsTrue => bool.Parse(text.Source);

    /// <summary>Whether it names somebody or some place, rather than all or nearly all: of addresses at most a 256th, or a network that one provider is given.</summary>
    public bool IsBound(ConditionTest test) => test == ConditionTest.IpAddress
        ? network.PrefixLength >= (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork ? 8 : 32)
        : !text.HasVariables && !text.Source.AsSpan().ContainsAny('*', '?');

    /// <summary>Whether a request's value passes the test against this one. A value that is none of the kind does not.</summary>
    public bool Matches(ConditionTest test, string value, AccessContext context) => test switch
    {
        ConditionTest.StringEquals or ConditionTest.StringLike => text.Matches(value, context),
        ConditionTest.StringEqualsIgnoreCase => text.Matches(value, context, ignoreCase: true),
        ConditionTest.NumericEquals => TryNumber(value, out var given) && given == number,
        ConditionTest.NumericLess => TryNumber(value, out var given) && given < number,
        ConditionTest.NumericLessEquals => TryNumber(value, out var given) && given <= number,
        ConditionTest.NumericGreater => TryNumber(value, out var given) && given > number,
        ConditionTest.NumericGreaterEquals => TryNumber(value, out var given) && given >= number,
        ConditionTest.DateEquals => TryTime(value, out var given) && given == time,
        ConditionTest.DateLess => TryTime(value, out var given) && given < time,
        ConditionTest.DateLessEquals => TryTime(value, out var given) && given <= time,
        ConditionTest.DateGreater => TryTime(value, out var given) && given > time,
        ConditionTest.DateGreaterEquals => TryTime(value, out var given) && given >= time,
        ConditionTest.Bool => bool.TryParse(value, out var given) && given == IsTrue,
        ConditionTest.BinaryEquals => value == text.Source,
        ConditionTest.ArnLike => Arn.TryParse(value, out var given) && (arn is null || arn.Matches(given, context)),
        _ => throw new InvalidOperationException($"{test} is not about texts."),
    };

    /// <summary>Whether the network has this address, which is none of IPv4 in a coat of IPv6.</summary>
    public bool Contains(IPAddress address) => network.Contains(address);

    private static bool TryNumber(string text, out decimal number) => decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);

    /// <summary>ISO 8601 as far as W3C's note on dates takes it, or seconds since 1970.</summary>
    private static bool TryTime(string text, out DateTimeOffset time)
    {
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds))
            return DateTimeOffset.TryParseExact(text, ["yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd", "yyyy-MM"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out time);
        var isTime = seconds >= DateTimeOffset.MinValue.ToUnixTimeSeconds() && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds();
        time = isTime ? DateTimeOffset.FromUnixTimeSeconds(seconds) : default;
        return isTime;
    }

    /// <summary>An address, or an address and the count of its leading bits that matter; the others may be anything.</summary>
    private static bool TryNetwork(string text, out IPNetwork network)
    {
        network = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!IPAddress.TryParse(slash < 0 ? text : text[..slash], out var address)) return false;
        var bytes = address.GetAddressBytes();
        var bits = bytes.Length * 8;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out bits) || bits > bytes.Length * 8)) return false;
        for (var i = bits; i < bytes.Length * 8; i++) bytes[i / 8] &= (byte)~(0x80 >> (i % 8));
        network = new(new IPAddress(bytes), bits);
        return true;
    }
}
