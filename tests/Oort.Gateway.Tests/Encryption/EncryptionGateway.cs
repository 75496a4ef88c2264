using System.Globalization;
using System.Security.Cryptography;
using Oort.Gateway.Tests.Operations;
using Oort.Objects;
using Shouldly;
using Xunit;

[assembly: AssemblyFixture(typeof(Oort.Gateway.Tests.Encryption.EncryptionGateway))]

namespace Oort.Gateway.Tests.Encryption;

/// <summary>A gateway that takes customers' keys over plain HTTP, with keys "one", "two" and "standard", which is the default.</summary>
public sealed class EncryptionGateway : IAsyncLifetime
{
    private TestStorage storage = null!;
    private Operations.GatewayHost host = null!;
    private int lastBucket;

    public RawClient Raw => host.Raw;

    internal IObjectSystem System => storage.Inner;

    internal IObjectLayer Layer => storage.Layer;

    public async ValueTask InitializeAsync()
    {
        storage = await TestStorage.OpenAsync(defaultKey: "standard");
        foreach (var name in (string[])["one", "two", "standard"]) await storage.Inner.CreateNamedKeyAsync(name, CancellationToken.None);
        host = await Operations.GatewayHost.StartAsync(storage.Layer, new() { PartSizeMin = TestGateway.PartSizeMin, TakesCustomerKeysOverHttp = true });
    }

    public async ValueTask DisposeAsync()
    {
        await host.DisposeAsync();
        await storage.DisposeAsync();
    }

    public async Task<string> NewBucketAsync()
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"encrypted-{Interlocked.Increment(ref lastBucket)}");
        (await Raw.SendAsync("PUT", $"/{name}")).Status.ShouldBe(200);
        return name;
    }

    /// <summary>The three headers of a customer's key.</summary>
    /// <param name="isSource">Of a copy's source.</param>
    public static (string Name, string Value)[] Customer(byte seed, bool isSource = false)
    {
        var key = new byte[32];
        Array.Fill(key, seed);
        var prefix = isSource ? "x-amz-copy-source-server-side-encryption-customer-" : "x-amz-server-side-encryption-customer-";
#pragma warning disable CA5351 // It is what the header is.
        return [(prefix + "algorithm", "AES256"), (prefix + "key", Convert.ToBase64String(key)), (prefix + "key-MD5", Convert.ToBase64String(MD5.HashData(key)))];
#pragma warning restore CA5351
    }

    /// <summary>The headers that ask for a key with a name.</summary>
    public static (string Name, string Value)[] Named(string? name) =>
        name is null ? [("x-amz-server-side-encryption", "aws:kms")] : [("x-amz-server-side-encryption", "aws:kms"), ("x-amz-server-side-encryption-aws-kms-key-id", name)];

    /// <summary>What an answer says of encryption: "own", "customer" or the name of a key.</summary>
    public static string Of(RawAnswer answer)
    {
        const string customer = "x-amz-server-side-encryption-customer-algorithm";
        if (answer.Headers.ContainsKey(customer))
        {
            answer.Headers.ShouldNotContainKey("x-amz-server-side-encryption");
            answer.Header("x-amz-server-side-encryption-customer-key-MD5").Length.ShouldBe(24);
            return "customer";
        }

        var method = answer.Header("x-amz-server-side-encryption");
        if (method == "AES256") return "own";
        method.ShouldBe("aws:kms");
        return answer.Header("x-amz-server-side-encryption-aws-kms-key-id");
    }
}
