using System.Text;
using Oort.Backends.Filecoin.Tests.Peers;
using Oort.Backends.S3.Tests.Peers;
using Oort.Backends.Suite;
using Oort.Evm;
using Shouldly;

namespace Oort.Backends.Filecoin.Tests.Provider;

/// <summary>A provider that answers with what it should not.</summary>
public sealed class PdpClientTests : IAsyncLifetime
{
    private static readonly CancellationToken none = CancellationToken.None;
    private static readonly byte[] bytes = TestBytes.Make(1_000, 1);
    private static readonly PieceCid cid = PieceCid.Of(bytes);

    private readonly ImpatientTime clientTime = new();
    private readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };
    private StubProvider stub = null!;
    private PdpClient client = null!;

    public async ValueTask InitializeAsync()
    {
        stub = await StubProvider.StartAsync(TimeProvider.System);
        stub.ParkDelay = TimeSpan.Zero;
        client = new(http, stub.Endpoint, new(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10)), clientTime);
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await stub.DisposeAsync();
    }

    [Fact]
    public async Task Upload_GoesToTheConfiguredProvider_WhateverLocationSays()
    {
        stub.LocationPrefix = "https://elsewhere.example";
        await UploadAsync();
        (await client.FindAsync(cid, none)).ShouldBeTrue();
        (await client.BeginUploadAsync(cid, none)).ShouldBeNull("it is there");
    }

    [Theory]
    [InlineData("")]
    [InlineData("/pdp/piece/upload/")]
    [InlineData("/pdp/piece/upload/a?b")]
    [InlineData("/pdp/piece/upload/..")]
    [InlineData("/pdp/piece/upload/01234567890123456789012345678901234567890123456789012345678901234")]
    public async Task Location_ThatNamesNoUpload_IsRefused(string location)
    {
        stub.Override = _ => new(201, null, location);
        await FailsAsync(() => client.BeginUploadAsync(cid, none), BackendErrorKind.Transient);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/pdp/data-sets/created/0x12")]
    [InlineData("/pdp/data-sets/created/zz")]
    public async Task Location_ThatNamesNoTransaction_IsRefused(string location)
    {
        stub.Override = _ => new(201, null, location);
        await FailsAsync(() => client.CreateDataSetAsync(stub.Chain.Network.Service, [], none), BackendErrorKind.Transient);
        await FailsAsync(() => client.AddPieceAsync(1, cid, [], none), BackendErrorKind.Transient);
    }

    [Fact]
    public async Task Redirect_IsNotFollowed()
    {
        await UploadAsync();
        var asked = stub.Requests.Count;
        stub.Override = request => request.Path.StartsWithSegments("/piece") || request.Path.StartsWithSegments("/pdp") ? new(307, null, $"{stub.Endpoint}elsewhere") : null;
        await FailsAsync(() => client.PingAsync(none), BackendErrorKind.Unauthorized);
        await FailsAsync(() => ReadAsync(0, 10), BackendErrorKind.Unauthorized);
        await FailsAsync(() => client.BeginUploadAsync(cid, none), BackendErrorKind.Unauthorized);
        (stub.Requests.Count - asked).ShouldBe(3);
    }

    [Fact]
    public async Task Upload_OfOtherBytes_IsRefusedByTheProvider()
    {
        var id = await client.BeginUploadAsync(cid, none);
        await FailsAsync(() => client.UploadAsync(id!, new MemorySource(TestBytes.Make(1_000, 2)), 1_000, none), BackendErrorKind.Corrupt);
        await FailsAsync(() => client.UploadAsync("0a-99", new MemorySource(bytes), 1_000, none), BackendErrorKind.Transient);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{\"pieceCid\":1}")]
    [InlineData("{\"pieceCid\":\"bafkzcibcd4bdomn3tgwgrh3g532zopskstnbrd2n3sxfqbze7rxt7vqn7veigmy\"}")]
    [InlineData("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]")]
    public async Task Answer_OfAnotherFormOrPiece_IsRefused(string json)
    {
        stub.Override = _ => new(200, json);
        await FailsAsync(() => client.FindAsync(cid, none), BackendErrorKind.Transient);
        await FailsAsync(() => client.BeginUploadAsync(cid, none), BackendErrorKind.Transient);
        await FailsAsync(() => client.GetAdditionAsync(1, default, none), BackendErrorKind.Transient);
        await FailsAsync(() => client.GetCreationAsync(default, none), BackendErrorKind.Transient);
    }

    [Theory]
    [InlineData("pending", false, PdpStatus.Pending)]
    [InlineData("confirmed", false, PdpStatus.Pending)]
    [InlineData("confirmed", true, PdpStatus.Confirmed)]
    [InlineData("rejected", false, PdpStatus.Rejected)]
    public async Task Status_OfATransaction_IsRead(string status, bool isDone, object expected)
    {
        var hash = Keccak256.Hash("a"u8);
        var done = isDone ? "true" : "false";
        stub.Override = _ => new(200, $$"""{"txHash":"{{hash}}","createMessageHash":"{{hash}}","txStatus":"{{status}}","piecesAdded":{{done}},"dataSetCreated":{{done}}}""");
        ((object)await client.GetAdditionAsync(1, hash, none)).ShouldBe(expected);
        ((object)await client.GetCreationAsync(hash, none)).ShouldBe(expected);
        await FailsAsync(() => client.GetAdditionAsync(1, Keccak256.Hash("b"u8), none), BackendErrorKind.Transient);
        stub.Override = _ => new(404);
        (await client.GetAdditionAsync(1, hash, none)).ShouldBe(PdpStatus.Unknown);
        stub.Override = _ => new(200, $$"""{"txHash":"{{hash}}","txStatus":"maybe"}""");
        await FailsAsync(() => client.GetAdditionAsync(1, hash, none), BackendErrorKind.Transient);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(400)]
    public async Task Answer_WithoutEnd_IsNotRead(int status)
    {
        stub.Override = _ => new(status) { Body = Encoding.ASCII.GetBytes(new string(' ', 70_000)) };
        (await FailsAsync(() => client.FindAsync(cid, none), BackendErrorKind.Transient)).Message.ShouldContain("65536");
    }

    [Theory]
    [InlineData("bytes 0-9/1000")]
    [InlineData("bytes 10-18/1000")]
    [InlineData("bytes 10-19/999")]
    [InlineData("bytes 10-19/*")]
    [InlineData("bytes */1000")]
    [InlineData(null)]
    public async Task Range_ThatIsAnother_IsRefused(string? range)
    {
        await UploadAsync();
        stub.Override = _ => new(206) { Body = bytes[10..20], Range = range };
        await FailsAsync(() => ReadAsync(10, 10), BackendErrorKind.Corrupt);
        stub.Override = _ => new(206) { Body = bytes[10..20], Range = "bytes 10-19/1000" };
        (await ReadAsync(10, 10)).ShouldBe(bytes[10..20]);
        stub.Override = _ => new(200) { Body = bytes };
        await FailsAsync(() => ReadAsync(10, 10), BackendErrorKind.Transient);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(-1_000)]
    public async Task Head_OfAnotherLength_IsCorrupt(int difference)
    {
        await UploadAsync();
        (await client.CanBeReadAsync(cid, none)).ShouldBeTrue();
        stub.Override = _ => new(200) { Body = new byte[bytes.Length + difference] };
        (await FailsAsync(() => client.CanBeReadAsync(cid, none), BackendErrorKind.Corrupt)).Message.ShouldContain($"has {bytes.Length + difference} bytes");
        stub.Override = _ => new(404);
        (await client.CanBeReadAsync(cid, none)).ShouldBeFalse();
    }

    [Fact]
    public async Task Silence_OfAProvider_EndsInTime()
    {
        stub.Fault = PeerFault.Hangs;
        clientTime.IsImpatient = true;
        (await FailsAsync(() => client.PingAsync(none), BackendErrorKind.Transient)).Message.ShouldContain("no further");
        await FailsAsync(() => client.UploadAsync("a", new MemorySource(bytes), 1_000, none), BackendErrorKind.Transient);
        using var cancelled = new CancellationTokenSource();
        clientTime.IsImpatient = false;
        var ping = client.PingAsync(cancelled.Token);
        await cancelled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => ping);
    }

    private static async Task<BackendException> FailsAsync(Func<Task> call, BackendErrorKind kind)
    {
        var failure = await Should.ThrowAsync<BackendException>(call);
        failure.Kind.ShouldBe(kind, failure.Message);
        return failure;
    }

    private async Task UploadAsync()
    {
        var id = await client.BeginUploadAsync(cid, none);
        await client.UploadAsync(id!, new MemorySource(bytes), bytes.Length, none);
    }

    private async Task<byte[]> ReadAsync(long offset, long count)
    {
        var read = new MemoryStream();
        await client.ReadAsync(cid, offset, count, part => read.Write(part.Span), none);
        return read.ToArray();
    }
}
