using System.Buffers.Binary;
using System.Security.Cryptography;
using Oort.Identity.Model;
using Oort.Metadata;

namespace Oort.Identity.Wallets;

/// <summary>Nonces of wallets as all gateways of a cluster know them: the key that they are made with, and those that were used, as settings (docs/formats/identities.md). Thread-safe.</summary>
public sealed class SharedNonces(IMetadataStore metadata, TimeProvider time) : IUsedNonces
{
    internal const string KeySetting = "wallet-key";
    internal const string UsedPrefix = "wallet-nonce/";

    /// <summary>Some 100 bytes each; nobody signs in so often by hand.</summary>
    private const int CountMax = 100_000;
    private const int PageSize = 1_000;

    /// <summary>A gateway's clock may be behind another's: what is over is kept a while longer.</summary>
    private static readonly TimeSpan keepLonger = TimeSpan.FromMinutes(15);

    private static readonly byte[] context = "oort wallet key v1"u8.ToArray();

    private int count;

    /// <summary>The key that the cluster makes nonces with; made when there is none yet.</summary>
    /// <exception cref="InvalidDataException">It cannot be opened under the keys of this cluster.</exception>
    public static async Task<WalletNonces> OpenAsync(IMetadataStore metadata, ISecretSeal seal, TimeProvider time, CancellationToken cancellationToken)
    {
        var setting = await metadata.ChangeSettingAsync(KeySetting, before => before ?? seal.Seal(context, RandomNumberGenerator.GetBytes(WalletNonces.KeySize)), cancellationToken);
        var key = seal.Open(context, setting) is { Length: WalletNonces.KeySize } opened ? opened : throw new InvalidDataException("The key of wallets' nonces cannot be opened under the keys of this cluster.");
        var nonces = new WalletNonces(key, time);
        CryptographicOperations.ZeroMemory(key);
        return nonces;
    }

    public async ValueTask<NonceUse> TryUseAsync(string nonce, DateTimeOffset expiresAt, CancellationToken cancellationToken)
    {
        if (expiresAt <= time.GetUtcNow()) return NonceUse.Expired;
        if (Volatile.Read(ref count) >= CountMax) return NonceUse.Full;
        Span<byte> until = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(until, expiresAt.ToUnixTimeSeconds());
        var isFirst = await metadata.ReplaceSettingAsync(UsedPrefix + nonce, null, until.ToArray(), cancellationToken);
        if (isFirst) Interlocked.Increment(ref count);
        return isFirst ? NonceUse.First : NonceUse.Again;
    }

    /// <summary>Forgets those whose time is long over.</summary>
    /// <exception cref="MetadataUnavailableException">They cannot be read or changed now.</exception>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        var left = 0;
        for (var after = ""; ;)
        {
            var page = await metadata.ListSettingsAsync(UsedPrefix, after, PageSize, cancellationToken);
            foreach (var (name, value) in page)
            {
                var isOver = value.Length != sizeof(long) || DateTimeOffset.FromUnixTimeSeconds(Math.Min(BinaryPrimitives.ReadInt64BigEndian(value), uint.MaxValue)) + keepLonger < time.GetUtcNow();
                if (isOver) await metadata.PutSettingAsync(name, null, cancellationToken);
                else left++;
            }

            if (page.Length < PageSize) break;
            after = page[^1].Name;
        }

        Volatile.Write(ref count, left);
    }
}
