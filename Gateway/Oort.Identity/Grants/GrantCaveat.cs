using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Text;
using Oort.Access;

namespace Oort.Identity.Grants;

/// <summary>What one step of narrowing says (docs/formats/grant.md §4). What is null is not limited by it. Immutable.</summary>
public sealed record GrantCaveat
{
    public const byte BucketTag = 1;
    public const byte PrefixTag = 2;
    public const byte KeyTag = 3;
    public const byte VerbsTag = 4;
    public const byte NotBeforeTag = 5;
    public const byte NotAfterTag = 6;
    public const byte NetworksTag = 7;

    public const int NetworkCountMax = 16;

    private const int BucketLengthMax = 63;
    private const int KeySizeMax = 1024;

    /// <summary>Below <see cref="Arn.LengthMax"/> by what stands before the bucket and behind the key.</summary>
    private const int PathLengthMax = 2_000;

    private const int FieldHeadSize = 3;

    private static readonly UTF8Encoding strictUtf8 = new(false, true);

    public string? Bucket { get; init; }

    /// <summary>What keys begin with.</summary>
    public string? Prefix { get; init; }

    /// <summary>The only key.</summary>
    public string? Key { get; init; }

    public GrantVerbs? Verbs { get; init; }

    /// <summary>From this second on; fractions are cut off.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>From this second on no more; fractions are cut off.</summary>
    public DateTimeOffset? NotAfter { get; init; }

    /// <summary>The caller's address is in one of these.</summary>
    public ImmutableArray<IPNetwork>? Networks { get; init; }

    /// <summary>The one way to write it.</summary>
    /// <exception cref="GrantException">It limits nothing, or cannot be.</exception>
    public byte[] Encode()
    {
        var bytes = new List<byte>();
        Text(BucketTag, Bucket);
        Text(PrefixTag, Prefix);
        Text(KeyTag, Key);
        if (Verbs is { } verbs) Field(VerbsTag, [(byte)verbs]);
        Time(NotBeforeTag, NotBefore);
        Time(NotAfterTag, NotAfter);
        if (Networks is { } networks) Field(NetworksTag, [.. networks.SelectMany(NetworkBytes)]);
        byte[] encoded = [.. bytes];
        _ = Decode(encoded, out var fault);
        return fault is null ? encoded : throw new GrantException(fault);

        void Field(byte tag, ReadOnlySpan<byte> value)
        {
            if (value.Length > ushort.MaxValue) throw new GrantException("What the grant is for is too long.");
            bytes.AddRange([tag, (byte)(value.Length >> 8), (byte)value.Length]);
            bytes.AddRange(value);
        }

        void Text(byte tag, string? text)
        {
            if (text is null) return;
            try
            {
                Field(tag, strictUtf8.GetBytes(text));
            }
            catch (EncoderFallbackException)
            {
                throw new GrantException("The grant has half a character in a name.");
            }
        }

        void Time(byte tag, DateTimeOffset? time)
        {
            if (time is not { } moment) return;
            if (moment < DateTimeOffset.UnixEpoch) throw new GrantException("The grant has a time before 1970.");
            Span<byte> value = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64BigEndian(value, (ulong)moment.ToUnixTimeSeconds());
            Field(tag, value);
        }
    }

    /// <summary>Reads what <see cref="Encode"/> writes, and nothing else.</summary>
    /// <param name="fault">Why it is no caveat; null: it is.</param>
    internal static GrantCaveat? Decode(ReadOnlySpan<byte> bytes, out string? fault)
    {
        var caveat = new GrantCaveat();
        var last = 0;
        fault = bytes.IsEmpty ? "The grant would limit nothing." : null;
        while (!bytes.IsEmpty && fault is null)
        {
            if (bytes.Length < FieldHeadSize || bytes.Length - FieldHeadSize < BinaryPrimitives.ReadUInt16BigEndian(bytes[1..])) fault = "The grant breaks off.";
            else if (bytes[0] <= last) fault = "The grant's fields are not in order.";
            if (fault is not null) return null;
            last = bytes[0];
            var value = bytes.Slice(FieldHeadSize, BinaryPrimitives.ReadUInt16BigEndian(bytes[1..]));
            caveat = WithField(caveat, last, value, out fault);
            bytes = bytes[(FieldHeadSize + value.Length)..];
        }

        fault ??= Check(caveat);
        return fault is null ? caveat : null;
    }

    private static GrantCaveat WithField(GrantCaveat caveat, int tag, ReadOnlySpan<byte> value, out string? fault)
    {
        fault = null;
        switch (tag)
        {
            case BucketTag when TryText(value, BucketLengthMax, out var bucket) && bucket.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_'): return caveat with { Bucket = bucket };
            case BucketTag: fault = "The grant's bucket is no name of one."; break;
            case PrefixTag when TryText(value, KeySizeMax, out var prefix): return caveat with { Prefix = prefix };
            case KeyTag when TryText(value, KeySizeMax, out var key): return caveat with { Key = key };
            case PrefixTag or KeyTag: fault = $"The grant's prefix or key is not 1 to {KeySizeMax} bytes of UTF-8."; break;
            case VerbsTag when value is [> 0 and <= (byte)GrantVerbs.All]: return caveat with { Verbs = (GrantVerbs)value[0] };
            case VerbsTag: fault = "The grant lets nobody do anything, or something that there is not."; break;
            case NotBeforeTag when TryTime(value, out var time): return caveat with { NotBefore = time };
            case NotAfterTag when TryTime(value, out var time): return caveat with { NotAfter = time };
            case NotBeforeTag or NotAfterTag: fault = "The grant has a time that there is not."; break;
            case NetworksTag when TryNetworks(value, out var networks): return caveat with { Networks = networks };
            case NetworksTag: fault = $"The grant's networks are not 1 to {NetworkCountMax} with nothing behind their leading bits."; break;
            default: fault = "The grant says something that is not known here."; break;
        }

        return caveat;
    }

    private static string? Check(GrantCaveat caveat)
    {
        if (caveat.Bucket is null && (caveat.Prefix ?? caveat.Key) is not null) return "The grant has a prefix or key, and no bucket.";
        if (caveat.Prefix is not null && caveat.Key is not null) return "The grant has a prefix and a key.";
        if (caveat.Key is not null && caveat.Verbs == GrantVerbs.List) return "A single key cannot be listed.";
        var path = caveat.Bucket + (caveat.Prefix ?? caveat.Key);
        return path.Sum(c => c is '*' or '?' or '$' ? 4 : 1) > PathLengthMax ? "The grant's prefix or key is too long." : null;
    }

    private static bool TryText(ReadOnlySpan<byte> value, int sizeMax, out string text)
    {
        text = "";
        if (value.IsEmpty || value.Length > sizeMax) return false;
        try
        {
            text = strictUtf8.GetString(value);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    private static bool TryTime(ReadOnlySpan<byte> value, out DateTimeOffset time)
    {
        time = default;
        if (value.Length != sizeof(ulong) || BinaryPrimitives.ReadUInt64BigEndian(value) > (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds()) return false;
        time = DateTimeOffset.FromUnixTimeSeconds((long)BinaryPrimitives.ReadUInt64BigEndian(value));
        return true;
    }

    private static byte[] NetworkBytes(IPNetwork network)
    {
        var address = network.BaseAddress.GetAddressBytes();
        return [(byte)network.PrefixLength, (byte)address.Length, .. address];
    }

    private static bool TryNetworks(ReadOnlySpan<byte> value, out ImmutableArray<IPNetwork> networks)
    {
        var read = ImmutableArray.CreateBuilder<IPNetwork>();
        networks = [];
        while (!value.IsEmpty)
        {
            if (value.Length < 2 || value[1] is not (4 or 16) || value.Length < 2 + value[1] || value[0] > 8 * value[1] || read.Count == NetworkCountMax) return false;
            var address = value.Slice(2, value[1]);
            if (!IsZeroFrom(address, value[0]) || new IPAddress(address).IsIPv4MappedToIPv6) return false;
            read.Add(new(new IPAddress(address), value[0]));
            value = value[(2 + value[1])..];
        }

        networks = read.ToImmutable();
        return networks.Length > 0;
    }

    private static bool IsZeroFrom(ReadOnlySpan<byte> address, int bit)
    {
        for (; bit < 8 * address.Length; bit++)
            if ((address[bit / 8] & (0x80 >> (bit % 8))) != 0) return false;
        return true;
    }
}
