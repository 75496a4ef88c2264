namespace Oort.Checksums.Tests;

internal static class TestBytes
{
    internal static byte[] Create(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
