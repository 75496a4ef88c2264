using System.Security.Cryptography;
using Shouldly;
using Xunit;

namespace Oort.Checksums.Tests;

public sealed class Md5ServiceTests
{
    private static readonly byte[] bytes = TestBytes.Create(1 << 20, seed: 30);

    // Streams of many ragged pieces, more of them than lanes, that come and go: lanes end and are taken again in the middle of turns.
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(8, 1)]
    [InlineData(40, 1)]
    [InlineData(40, 3)]
    public async Task Submit_StreamsOfRaggedPieces_EachEqualsThePlatforms(int streamCount, int runnerCountMax)
    {
        foreach (var width in Md5LaneWidths.Supported)
        {
            var service = new Md5Service(runnerCountMax, width);
            await Task.WhenAll(Enumerable.Range(0, streamCount).Select(stream => Task.Run(() => HashStreamAsync(service, stream, width), TestContext.Current.CancellationToken)));
        }
    }

    [Fact]
    public async Task Submit_ContinuationsThatStopTheirThread_DoNotStopOtherStreams()
    {
        var service = new Md5Service(runnerCountMax: 1, Md5LaneWidths.Widest);
        using var mayGoOn = new ManualResetEventSlim();
        var stopped = Task.Run(async () =>
        {
            var running = new RunningMd5(service);
            await running.AppendAsync(bytes, CancellationToken.None);
            mayGoOn.Wait(TestContext.Current.CancellationToken);
        }, TestContext.Current.CancellationToken);
        var other = new RunningMd5(service);
        for (var i = 0; i < 20; i++) await other.AppendAsync(bytes, TestContext.Current.CancellationToken);
        mayGoOn.Set();
        await stopped;
        other.Finish().Length.ShouldBe(RunningMd5.Size);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task Submit_MoreThanTheLanesOfOneRunner_MakesNoMoreRunnersThanAllowed(int runnerCountMax)
    {
        var service = new Md5Service(runnerCountMax, Md5LaneWidth.One);
        for (var round = 0; round < 10; round++) await HashSideBySideAsync(service, streamCount: 20);
        service.IdleRunnerCount.ShouldBeInRange(1, runnerCountMax);
    }

    [Fact]
    public async Task Submit_NoMoreThanTheLanesOfOneRunner_MakesOneRunner()
    {
        var service = new Md5Service(runnerCountMax: 8, Md5LaneWidths.Widest);
        for (var round = 0; round < 10; round++) await HashSideBySideAsync(service, streamCount: Md5LaneWidths.Widest.LaneCount() - 1);
        service.IdleRunnerCount.ShouldBe(Md5LaneWidths.Widest == Md5LaneWidth.One ? 0 : 1);
    }

    private static Task HashSideBySideAsync(Md5Service service, int streamCount) =>
        Task.WhenAll(Enumerable.Range(0, streamCount).Select(_ => new RunningMd5(service).AppendAsync(bytes.AsMemory(0, 50_000), CancellationToken.None).AsTask()));

    private static async Task HashStreamAsync(Md5Service service, int stream, Md5LaneWidth width)
    {
        var random = new Random(stream);
        var running = new RunningMd5(service);
        using var expected = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
        for (var i = 0; i < 20; i++)
        {
            var length = random.Next(4) == 0 ? random.Next(200_000) : random.Next(RunningMd5.SharedLengthMin * 2);
            var piece = bytes.AsMemory(random.Next(bytes.Length - length), length);
            expected.AppendData(piece.Span);
            await running.AppendAsync(piece, TestContext.Current.CancellationToken);
        }

        running.Finish().ShouldBe(expected.GetHashAndReset(), $"{width}, stream {stream}");
    }
}
