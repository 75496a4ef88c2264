using System.Security.Cryptography;
using System.Text;
using Oort.Checksums;

namespace Oort.S3.Tests;

/// <summary>Frames bodies as aws-chunked, straight from the documentation.</summary>
internal static class Chunked
{
    public static readonly HmacSha256 Key = HmacSha256.Create(SigV4.DeriveKey("secret", "20260102", "us-east-1"));
    public const string Timestamp = "20260102T030405Z";
    public static readonly string Scope = SigV4.Scope("20260102", "us-east-1");
    public static readonly byte[] Seed = SHA256.HashData("seed"u8);

    public static ChunkSigner Signer() => new(Key, Timestamp, Scope, Seed);

    public static byte[] Unsigned(byte[] body, int chunkSize, params (string Name, string Value)[] trailers)
    {
        using var raw = new MemoryStream();
        foreach (var chunk in body.Chunk(chunkSize))
        {
            raw.Write(Encoding.ASCII.GetBytes($"{chunk.Length:x}\r\n"));
            raw.Write(chunk);
            raw.Write("\r\n"u8);
        }

        raw.Write("0\r\n"u8);
        foreach (var (name, value) in trailers)
            raw.Write(Encoding.ASCII.GetBytes($"{name}:{value}\r\n"));
        raw.Write("\r\n"u8);
        return raw.ToArray();
    }

    public static byte[] Signed(ChunkSigner signer, byte[] body, int chunkSize, params (string Name, string Value)[] trailers)
    {
        using var raw = new MemoryStream();
        var signature = new byte[SigV4.Size];
        foreach (var chunk in body.Chunk(chunkSize).Append([]))
        {
            signer.SignChunk(SHA256.HashData(chunk), signature);
            raw.Write(Encoding.ASCII.GetBytes($"{chunk.Length:x};chunk-signature={Convert.ToHexStringLower(signature)}\r\n"));
            raw.Write(chunk);
            if (chunk.Length > 0)
                raw.Write("\r\n"u8);
        }

        if (trailers.Length > 0)
        {
            var canonical = string.Concat(trailers.Select(static trailer => $"{trailer.Name}:{trailer.Value}\n"));
            signer.SignTrailer(SHA256.HashData(Encoding.ASCII.GetBytes(canonical)), signature);
            foreach (var (name, value) in trailers)
                raw.Write(Encoding.ASCII.GetBytes($"{name}:{value}\r\n"));
            raw.Write(Encoding.ASCII.GetBytes($"x-amz-trailer-signature:{Convert.ToHexStringLower(signature)}\r\n"));
        }

        raw.Write("\r\n"u8);
        return raw.ToArray();
    }
}
