using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Oort.Checksums;

/// <summary>SHA-256 by direct calls of OpenSSL.</summary>
internal sealed class LibcryptoSha256 : ISha256Engine
{
    // FIPS 180-4's example "abc".
    private static ReadOnlySpan<byte> AbcHash =>
    [
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
        0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
    ];

    /// <summary>Whether the library is there, computes SHA-256, keeps to the size of its context, and goes on from a copy of it. Asked once, at start.</summary>
    public static bool IsUsable() => Libcrypto.TryLoad() && IsAsExpected();

    public void Hash(ReadOnlySpan<byte> data, Span<byte> hash) => Digest(data, hash);

    public void Hmac(ReadOnlySpan<byte> key, ReadOnlySpan<byte> message, Span<byte> mac)
    {
        var states = new HmacStates(key);
        states.Finish(message, mac);
    }

    public RunningSha256 Start() => new Running();

    public HmacSha256 CreateHmac(ReadOnlySpan<byte> key) => new Keyed(key);

    private static void Digest(ReadOnlySpan<byte> data, Span<byte> hash)
    {
        Unsafe.SkipInit(out Sha256Context context);
        context.Start();
        context.Append(data);
        context.Finish(hash);
    }

    // A library whose context were larger would write over what lies behind ours; here that is a margin, which must stay as it was.
    private static unsafe bool IsAsExpected()
    {
        const int count = 4;
        const byte untouched = 0xA5;
        var contexts = stackalloc Sha256Context[count];
        var margin = new Span<byte>(contexts + 1, (count - 1) * Sha256Context.Size);
        margin.Fill(untouched);

        Span<byte> hash = stackalloc byte[Sha256.Size];
        contexts->Start();
        contexts->Append("ab"u8);
        var copy = *contexts;
        contexts->Append(margin);
        contexts->Finish(hash);
        copy.Append("c"u8);
        copy.Finish(hash);
        return hash.SequenceEqual(AbcHash) && !margin.ContainsAnyExcept(untouched);
    }

    /// <summary>The two hashes of HMAC after their first block, which is all of the key: H((K ^ opad) ‖ H((K ^ ipad) ‖ message)).</summary>
    private struct HmacStates
    {
        private const byte InnerPad = 0x36;
        private const byte OuterPad = 0x5c;

        private Sha256Context inner;
        private Sha256Context outer;

        public HmacStates(ReadOnlySpan<byte> key)
        {
            Unsafe.SkipInit(out this);
            Span<byte> block = stackalloc byte[Sha256.BlockSize];
            block.Clear();
            if (key.Length <= Sha256.BlockSize) key.CopyTo(block);
            else Digest(key, block[..Sha256.Size]);
            Start(ref inner, block, InnerPad);
            Start(ref outer, block, OuterPad ^ InnerPad);
            CryptographicOperations.ZeroMemory(block);
        }

        /// <summary>Computes the code of a message. The states are gone then, and zeroed.</summary>
        public void Finish(ReadOnlySpan<byte> message, Span<byte> mac)
        {
            inner.Append(message);
            inner.Finish(mac);
            outer.Append(mac);
            outer.Finish(mac);
            Clear();
        }

        public void Clear()
        {
            inner.Clear();
            outer.Clear();
        }

        private static void Start(ref Sha256Context context, Span<byte> block, byte pad)
        {
            for (var i = 0; i < block.Length; i++) block[i] ^= pad;
            context.Start();
            context.Append(block);
        }
    }

    private sealed class Running : RunningSha256
    {
        private Sha256Context context;

        public Running() => context.Start();

        public override void Append(ReadOnlySpan<byte> data) => context.Append(data);

        private protected override void FinishCore(Span<byte> hash)
        {
            context.Finish(hash);
            context.Start();
        }

        protected override void Dispose(bool disposing)
        {
            // No memory of the library's is held.
        }
    }

    private sealed class Keyed : HmacSha256
    {
        // Pinned, so that the collector leaves no copy of the key behind.
        private readonly HmacStates[] states = GC.AllocateUninitializedArray<HmacStates>(1, pinned: true);
        private bool isDisposed;

        public Keyed(ReadOnlySpan<byte> key) => states[0] = new HmacStates(key);

        private protected override void ComputeCore(ReadOnlySpan<byte> message, Span<byte> mac)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            var copy = states[0];
            copy.Finish(message, mac);
        }

        protected override void Dispose(bool disposing)
        {
            isDisposed = true;
            states[0].Clear();
        }
    }
}
