namespace Oort.Checksums;

/// <summary>Who computes SHA-256. Both engines pass the same vectors.</summary>
/// <remarks>Thread-safe. Lengths of destinations have been checked.</remarks>
internal interface ISha256Engine
{
    void Hash(ReadOnlySpan<byte> data, Span<byte> hash);

    void Hmac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, Span<byte> mac);

    RunningSha256 Start();

    HmacSha256 CreateHmac(ReadOnlySpan<byte> key);
}
