using System.Globalization;

namespace Oort.Objects;

/// <summary>The name of a log on the stores: <c>journal/&lt;gateway&gt;/&lt;first generation, 16 hex&gt;-&lt;session hex&gt;-&lt;number hex&gt;</c> (docs/formats/journal.md §2).</summary>
/// <param name="FirstGeneration">First generation of its first record.</param>
/// <param name="Session">Counts the starts of the gateway. Two logs may begin at the same generation when the first never reached its quorum; the later session is the valid one.</param>
/// <param name="Number">Counts the logs of the session from 0.</param>
internal readonly record struct JournalLogName(GatewayId Gateway, ulong FirstGeneration, ulong Session, ulong Number) : IComparable<JournalLogName>
{
    /// <summary>What the names of all logs begin with.</summary>
    public const string Prefix = "journal/";

    public static bool TryParse(string text, out JournalLogName name)
    {
        name = default;
        var parts = text.Split('/');
        if (parts.Length != 3 || parts[0] != "journal" || !GatewayId.TryParse(parts[1], out var gateway)) return false;
        var numbers = parts[2].Split('-');
        if (numbers.Length != 3 || numbers[0].Length != 16) return false;
        if (!TryHex(numbers[0], out var first) || !TryHex(numbers[1], out var session) || !TryHex(numbers[2], out var number)) return false;
        name = new(gateway, first, session, number);
        return name.ToString() == text;
    }

    /// <summary>In the order in which one gateway wrote them.</summary>
    public int CompareTo(JournalLogName other)
    {
        var byGateway = Gateway.Value.CompareTo(other.Gateway.Value);
        if (byGateway != 0) return byGateway;
        return Session != other.Session ? Session.CompareTo(other.Session) : Number.CompareTo(other.Number);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Gateway}/{FirstGeneration:x16}-{Session:x}-{Number:x}");

    private static bool TryHex(string digits, out ulong value) => ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);

    public static bool operator <(JournalLogName left, JournalLogName right) => left.CompareTo(right) < 0;
    public static bool operator >(JournalLogName left, JournalLogName right) => left.CompareTo(right) > 0;
    public static bool operator <=(JournalLogName left, JournalLogName right) => left.CompareTo(right) <= 0;
    public static bool operator >=(JournalLogName left, JournalLogName right) => left.CompareTo(right) >= 0;
}
