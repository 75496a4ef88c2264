using Microsoft.Extensions.Logging.Abstractions;
using Oort.Backends.Local;
using Oort.Backends.Suite;
using Shouldly;
using Xunit;

namespace Oort.Backends.Tests.Local;

/// <summary>Making, opening and probing a store in a real directory.</summary>
public sealed class OpeningTests : IDisposable
{
    private static readonly ClusterId s_cluster = new(77);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("oort-open-");

    private static CancellationToken None => CancellationToken.None;

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task Open_DirectoryWithoutIdentity_SaysSo()
    {
        var failure = await Should.ThrowAsync<BackendException>(OpenAsync);

        failure.Kind.ShouldBe(BackendErrorKind.Permanent);
        failure.Message.ShouldContain("no identity");
        _folder.GetFileSystemInfos().ShouldBeEmpty();
    }

    [Fact]
    public async Task Open_AnotherClustersStore_IsRefusedAndUntouched()
    {
        await LocalStore.InitialiseAsync(_folder.FullName, new StoreId(5), new ClusterId(78), TimeProvider.System, None);

        (await Should.ThrowAsync<BackendException>(OpenAsync)).Message.ShouldContain("another cluster");

        (await LocalStore.ReadIdentityAsync(_folder.FullName, None))!.Cluster.ShouldBe(new ClusterId(78));
    }

    [Fact]
    public async Task Open_WhileOpen_IsRefused()
    {
        await InitialiseAsync();
        await using (await OpenAsync())
            (await Should.ThrowAsync<BackendException>(OpenAsync)).Kind.ShouldBe(BackendErrorKind.Permanent);

        await (await OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task Initialise_StoreOrForeignDirectory_IsRefused()
    {
        await InitialiseAsync();
        (await Should.ThrowAsync<BackendException>(InitialiseAsync)).Message.ShouldContain("already");

        var foreign = _folder.CreateSubdirectory("foreign");
        await File.WriteAllTextAsync(Path.Combine(foreign.FullName, "precious.txt"), "mine");
        (await Should.ThrowAsync<BackendException>(() => LocalStore.InitialiseAsync(foreign.FullName, new StoreId(6), s_cluster, TimeProvider.System, None))).Message.ShouldContain("precious.txt");
    }

    [Fact]
    public async Task Initialise_LeftHalfDone_CanBeRepeated()
    {
        foreach (var name in new[] { "volumes", "blobs", "logs", "temp" })
            _folder.CreateSubdirectory(name);
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "temp", "identity"), "half");

        await InitialiseAsync();

        await (await OpenAsync()).DisposeAsync();
    }

    [Fact]
    public async Task Initialise_VolumesWithoutIdentity_IsRefused()
    {
        _folder.CreateSubdirectory("volumes");
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "volumes", "00000001.vol"), "half of a store");

        await Should.ThrowAsync<BackendException>(InitialiseAsync);
    }

    [Fact]
    public async Task Probe_IdentityGoneOrAnother_IsPermanent()
    {
        await InitialiseAsync();
        await using var store = await OpenAsync();
        (await store.ProbeAsync(None)).CapacityBytes.ShouldNotBeNull().ShouldBeGreaterThan(0);
        var path = Path.Combine(_folder.FullName, "identity");

        File.Delete(path);
        (await Should.ThrowAsync<BackendException>(async () => await store.ProbeAsync(None))).Kind.ShouldBe(BackendErrorKind.Permanent);

        await File.WriteAllBytesAsync(path, new StoreIdentity(new StoreId(9), s_cluster, DateTimeOffset.UnixEpoch).EncodeFile());
        (await Should.ThrowAsync<BackendException>(async () => await store.ProbeAsync(None))).Kind.ShouldBe(BackendErrorKind.Permanent);
    }

    [Fact]
    public async Task Open_AnyByteOfTheIdentityFlipped_IsHealed()
    {
        await InitialiseAsync();
        var path = Path.Combine(_folder.FullName, "identity");
        var whole = await File.ReadAllBytesAsync(path);
        for (var i = 0; i < whole.Length; i += 7)
        {
            var bad = whole.ToArray();
            bad[i] ^= 0x10;
            await File.WriteAllBytesAsync(path, bad);
            await (await OpenAsync()).DisposeAsync();
            (await File.ReadAllBytesAsync(path)).ShouldBe(whole);
        }
    }

    [Fact]
    public async Task Open_BothRecordsOfTheIdentityDamaged_IsRefused()
    {
        await InitialiseAsync();
        await File.WriteAllBytesAsync(Path.Combine(_folder.FullName, "identity"), new byte[128]);

        (await Should.ThrowAsync<BackendException>(OpenAsync)).Message.ShouldContain("the identity file is damaged");
    }

    [Fact]
    public async Task Put_AfterTheDirectoryWasWiped_IsNotAcknowledged()
    {
        await InitialiseAsync();
        await using var store = await OpenAsync();
        await store.PutAsync(TestBytes.Shard(1), new byte[100], None);
        Directory.Delete(Path.Combine(_folder.FullName, "volumes"), recursive: true);

        (await Should.ThrowAsync<BackendException>(async () => await store.PutAsync(TestBytes.Shard(2), new byte[100], None))).Kind.ShouldBe(BackendErrorKind.ReadOnly);
    }

    [Fact]
    public void Options_OutOfRange_AreNamed() =>
        Should.Throw<System.ComponentModel.DataAnnotations.ValidationException>(() => StoreFixture.Open(StoreFixture.NewDisk(), StoreFixture.Options with { ThreadCount = 0 })).Message.ShouldContain("ThreadCount");

    private Task<StoreIdentity> InitialiseAsync() => LocalStore.InitialiseAsync(_folder.FullName, new StoreId(5), s_cluster, TimeProvider.System, None);

    private Task<LocalStore> OpenAsync() => LocalStore.OpenAsync(_folder.FullName, s_cluster, new LocalStoreOptions { HeadroomBytes = 0, AllocationStepBytes = 1 << 20 }, NullLogger.Instance, None);
}
