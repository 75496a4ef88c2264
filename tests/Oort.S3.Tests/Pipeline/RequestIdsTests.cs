using Shouldly;
using Xunit;

namespace Oort.S3.Tests.Pipeline;

public sealed class RequestIdsTests
{
    [Fact]
    public void Next_ManyTimesOnManyThreads_IsNeverTheSame()
    {
        var ids = new RequestIds();
        var made = Enumerable.Range(0, 4).AsParallel().SelectMany(_ => Enumerable.Range(0, 20_000).Select(_ => ids.Next()).ToArray()).ToArray();
        made.Distinct().Count().ShouldBe(80_000);
        made.ShouldAllBe(id => id.Length == 16 && id.All(char.IsAsciiHexDigitUpper));
    }

    [Fact]
    public void Next_OfTwoProcesses_Differs() => new RequestIds().Next().ShouldNotBe(new RequestIds().Next());
}
