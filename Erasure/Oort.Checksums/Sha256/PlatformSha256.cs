using System.Security.Cryptography;

namespace Oort.Checksums;

/// <summary>.NET's own API, wherever OpenSSL 3 is not what it rests on.</summary>
internal sealed class PlatformSha256 : ISha256Engine
{
    public void Hash(ReadOnlySpan<byte> data, Span<byte> hash) => SHA256.HashData(data, hash);

    public void Hmac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, Span<byte> mac) => HMACSHA256.HashData(key, message, mac);

    public RunningSha256 Start() => new Running();

    public HmacSha256 CreateHmac(ReadOnlySpan<byte> key) => new Keyed(key);

    private sealed class Running : RunningSha256
    {
        private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public override void Append(ReadOnlySpan<byte> data) => hash.AppendData(data);

        private protected override void FinishCore(Span<byte> hash) => this.hash.GetHashAndReset(hash);

        protected override void Dispose(bool disposing) => hash.Dispose();
    }

    private sealed class Keyed : HmacSha256
    {
        private readonly byte[] key;
        private bool isDisposed;

        public Keyed(ReadOnlySpan<byte> key)
        {
            this.key = GC.AllocateUninitializedArray<byte>(key.Length, pinned: true);
            key.CopyTo(this.key);
        }

        private protected override void ComputeCore(ReadOnlySpan<byte> message, Span<byte> mac)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            HMACSHA256.HashData(key, message, mac);
        }

        protected override void Dispose(bool disposing)
        {
            isDisposed = true;
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
