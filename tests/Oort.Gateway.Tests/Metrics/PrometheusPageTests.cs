using System.Diagnostics.Metrics;
using Shouldly;
using Xunit;

namespace Oort.Gateway.Tests.Metrics;

public sealed class PrometheusPageTests : IDisposable
{
    private readonly PrometheusPage page = new();
    private readonly Meter meter = new("Oort.Test." + Guid.CreateVersion7());

    [Fact]
    public void Write_Counter_SumsPerLabels()
    {
        var counter = meter.CreateCounter<long>("test.count", description: "What is counted.");
        counter.Add(2, new KeyValuePair<string, object?>("operation", "GetObject"));
        counter.Add(3, new KeyValuePair<string, object?>("operation", "GetObject"));
        counter.Add(1, new KeyValuePair<string, object?>("operation", "a\"b\\c\nd"));
        var text = page.Write();
        text.ShouldContain("# HELP test_count_total What is counted.\n# TYPE test_count_total counter\n");
        text.ShouldContain("test_count_total{operation=\"GetObject\"} 5\n");
        text.ShouldContain("test_count_total{operation=\"a\\\"b\\\\c\\nd\"} 1\n");
    }

    [Fact]
    public void Write_Histogram_BucketsAreCumulative()
    {
        var histogram = meter.CreateHistogram("test.seconds", advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] });
        foreach (var value in (double[])[0.1, 0.5, 7]) histogram.Record(value);
        var text = page.Write();
        text.ShouldContain("# TYPE test_seconds histogram\n");
        text.ShouldContain("test_seconds_bucket{le=\"0.1\"} 1\n");
        text.ShouldContain("test_seconds_bucket{le=\"1\"} 2\n");
        text.ShouldContain("test_seconds_bucket{le=\"+Inf\"} 3\n");
        text.ShouldContain("test_seconds_sum 7.6\ntest_seconds_count 3\n");
    }

    [Fact]
    public void Write_Gauge_ShowsTheLastObservationOnly()
    {
        var stores = new Dictionary<string, long> { ["a"] = 1, ["b"] = 2 };
        meter.CreateObservableGauge("test.gauge", () => stores.Select(s => new Measurement<long>(s.Value, new KeyValuePair<string, object?>("store", s.Key))));
        page.Write().ShouldContain("test_gauge{store=\"b\"} 2\n");
        stores.Remove("b");
        stores["a"] = 5;
        var text = page.Write();
        text.ShouldContain("test_gauge{store=\"a\"} 5\n");
        text.ShouldNotContain("store=\"b\"");
    }

    [Fact]
    public void Write_TooManySeries_AreCountedTogether()
    {
        var counter = meter.CreateCounter<long>("test.many");
        for (var i = 0; i < 1500; i++) counter.Add(1, new KeyValuePair<string, object?>("key", i));
        var lines = page.Write().Split('\n').Where(l => l.StartsWith("test_many_total{", StringComparison.Ordinal)).ToArray();
        lines.Length.ShouldBe(1001);
        lines.ShouldContain("test_many_total{overflow=\"true\"} 500");
    }

    [Fact]
    public void Write_SameTagsAgain_AreOneSeriesHoweverTheyAreHeld()
    {
        var counter = meter.CreateCounter<long>("test.again");
        for (var i = 0; i < 3; i++)
        {
            counter.Add(1, new("operation", new string("GetObject")), new("status", (object)200));
            counter.Add(1, new("operation", "GetObject"), new("status", "200"));
            counter.Add(1, new("operation", "GetObject"), new("other", (object)200));
            counter.Add(1, new KeyValuePair<string, object?>("a", 1), new("b", 2), new("c", 3));
        }

        var lines = page.Write().Split('\n').Where(l => l.StartsWith("test_again_total{", StringComparison.Ordinal));
        lines.ShouldBe(["test_again_total{a=\"1\",b=\"2\",c=\"3\"} 3", "test_again_total{operation=\"GetObject\",other=\"200\"} 3", "test_again_total{operation=\"GetObject\",status=\"200\"} 6"]);
    }

    [Fact]
    public void Write_ForeignMeter_IsNotShown()
    {
        using var foreign = new Meter("Other.Meter");
        foreign.CreateCounter<long>("other.count").Add(1);
        page.Write().ShouldNotContain("other_count");
    }

    public void Dispose()
    {
        meter.Dispose();
        page.Dispose();
    }
}
