using Shouldly;

namespace Oort.Evm.Tests.Support;

/// <summary>Bytes with one change.</summary>
internal static class Mutations
{
    /// <summary>Every byte in turn, with one bit of it flipped, which differs from byte to byte.</summary>
    public static IEnumerable<byte[]> Flipped(byte[] bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            var copy = bytes.ToArray();
            copy[i] ^= (byte)(1 << i % 8);
            yield return copy;
        }
    }

    /// <summary>Every shorter beginning.</summary>
    public static IEnumerable<byte[]> Truncated(byte[] bytes) => Enumerable.Range(0, bytes.Length).Select(length => bytes[..length]);

    /// <summary>Fails unless this throws as malformed.</summary>
    public static void ShouldBeMalformed(Action read) => Should.Throw<EvmException>(read).Kind.ShouldBe(EvmErrorKind.Malformed);
}
