using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Oort.Checksums;

/// <summary>OpenSSL's SHA256_CTX: eight words of state, the length in bits as two, a block of 64 bytes, two counters. It holds no pointers, so a copy of it is a hash that goes on from there.</summary>
/// <remarks><see cref="LibcryptoSha256.IsUsable"/> makes sure that the library writes nothing beyond it.</remarks>
[StructLayout(LayoutKind.Sequential, Size = Size)]
internal unsafe struct Sha256Context
{
    public const int Size = 112;

    // For the alignment; the library knows the rest.
    private ulong first;

    public void Start()
    {
        fixed (Sha256Context* context = &this) Check(Libcrypto.Init(context));
    }

    public void Append(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty) return;
        fixed (Sha256Context* context = &this)
        fixed (byte* bytes = data)
            Check(Libcrypto.Update(context, bytes, (nuint)data.Length));
    }

    /// <summary>Writes 32 bytes. The context is then of no use until it is started again.</summary>
    public void Finish(Span<byte> hash)
    {
        fixed (Sha256Context* context = &this)
        fixed (byte* bytes = hash)
            Check(Libcrypto.Final(bytes, context));
    }

    /// <summary>Zeroes it, where it held what comes from a key.</summary>
    public void Clear() => CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(new Span<Sha256Context>(ref this)));

    private static void Check(int result)
    {
        if (result != 1) throw new CryptographicException("OpenSSL could not compute SHA-256.");
    }
}
