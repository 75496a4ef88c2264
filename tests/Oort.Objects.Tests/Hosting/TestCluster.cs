using System.IO.Pipelines;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends;
using Oort.Backends.Memory;
using Oort.Backends.Suite;
using Oort.Crypto;
using Oort.Metadata;
using Shouldly;
using Xunit;

namespace Oort.Objects.Tests.Hosting;

/// <summary>A data directory, a root key and stores in memory that can fail: what a system is opened on again and again.</summary>
internal sealed class TestCluster : IAsyncDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("oort-objects-");

    public TestCluster(int storeCount = 6)
    {
        for (var index = 0; index < storeCount; index++) Stores.Add(NewStore());
    }

    public List<FlakyStore> Stores { get; } = [];

    public string DataDirectory => Path.Combine(directory.FullName, "data");

    public RootKey Root { get; } = new(new byte[32] { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32 });

    public ILoggerFactory Logs { get; set; } = NullLoggerFactory.Instance;

    public TimeProvider Time { get; set; } = TimeProvider.System;

    /// <summary>Tests step the workers themselves, and wait as little as possible.</summary>
    public ObjectSystemOptions Options { get; set; } = new()
    {
        DataDirectory = "",
        RunWorkers = false,
        Journal = new() { QuorumTimeout = TimeSpan.FromSeconds(2), RetryDelay = TimeSpan.FromMilliseconds(10) },
        Stores = new() { ProbeInterval = TimeSpan.FromMilliseconds(20), ReopenAfter = TimeSpan.FromMilliseconds(40) },
        Objects = new() { BufferBytes = 64 * 1024 * 1024, StoreTimeout = TimeSpan.FromSeconds(10) },
        DeleteGrace = TimeSpan.Zero,
    };

    public IReadOnlyList<IStoreEndpoint> Endpoints => [.. Stores.Select(store => new OpenStoreEndpoint(store))];

    public static FlakyStore NewStore() => new(new MemoryStore(StoreId.Read(System.Security.Cryptography.RandomNumberGenerator.GetBytes(StoreId.Size))));

    public Task<ObjectSystem> OpenAsync() => OpenAsync(Endpoints);

    public async Task<ObjectSystem> OpenAsync(IReadOnlyList<IStoreEndpoint> endpoints)
    {
        Directory.CreateDirectory(DataDirectory);
        return await ObjectSystem.OpenAsync(Options with { DataDirectory = DataDirectory }, endpoints, Root, Time, Logs, TestContext.Current.CancellationToken);
    }

    /// <summary>As it is after a crash: what was open is left as it is, and the directory is copied as it stands.</summary>
    public TestCluster CrashedCopy()
    {
        var copy = new TestCluster(0) { Options = Options };
        copy.Stores.AddRange(Stores);
        Directory.CreateDirectory(copy.DataDirectory);
        foreach (var file in Directory.GetFiles(DataDirectory)) File.Copy(file, Path.Combine(copy.DataDirectory, Path.GetFileName(file)));
        return copy;
    }

    public ValueTask DisposeAsync()
    {
        Root.Dispose();
        directory.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Short forms of what tests do with a system.</summary>
internal static class SystemActions
{
    public static async Task<BucketRow> CreateBucketAsync(this IObjectSystem system, string name)
    {
        var (outcome, bucket) = await system.Metadata.CreateBucketAsync(new() { Id = default, Name = name, OwnerId = "root", Created = DateTimeOffset.UnixEpoch, Region = "us-east-1" }, CancellationToken.None);
        outcome.ShouldBe(CommitOutcome.Done);
        return bucket!;
    }

    public static async Task<PutResult> PutAsync(this IObjectSystem system, BucketRow bucket, string key, byte[] content)
    {
        var body = new ObjectBody(PipeReader.Create(new MemoryStream(content)), content.Length, null, null);
        return await system.Objects.PutObjectAsync(bucket, key, "root", "STANDARD", ObjectAttributes.Empty, body, WriteConditions.None, CancellationToken.None);
    }

    public static async Task<byte[]?> GetAsync(this IObjectSystem system, string bucketName, string key)
    {
        if (await system.Metadata.FindBucketAsync(bucketName, CancellationToken.None) is not { } bucket) return null;
        if (await system.Metadata.FindVersionAsync(bucket.Id, key, null, CancellationToken.None) is not { IsDeleteMarker: false } version) return null;
        await using var reader = await system.Objects.OpenAsync(version, CancellationToken.None);
        using var content = new MemoryStream();
        var writer = PipeWriter.Create(content, new StreamPipeWriterOptions(leaveOpen: true));
        await reader.CopyToAsync(0, version.Size, writer, CancellationToken.None);
        await writer.CompleteAsync();
        return content.ToArray();
    }

    public static byte[] Content(int seed, int length)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
