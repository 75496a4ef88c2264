using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Oort.Gateway;

/// <summary>Collects every instrument of the meters named "Oort.…" and writes them as a Prometheus text page (exposition format 0.0.4).</summary>
public sealed class PrometheusPage : IDisposable
{
    /// <summary>Series kept for one instrument; further tag combinations are counted together as <c>overflow="true"</c>, so that no client can grow the page.</summary>
    private const int SeriesMax = 1000;

    private static readonly double[] DefaultBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<Instrument, InstrumentSeries> _instruments = new();

    public PrometheusPage()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!instrument.Meter.Name.StartsWith("Oort.", StringComparison.Ordinal)) return;
            listener.EnableMeasurementEvents(instrument, _instruments.GetOrAdd(instrument, i => new InstrumentSeries(i)));
        };
        _listener.MeasurementsCompleted = (instrument, _) => _instruments.TryRemove(instrument, out var _);
        _listener.SetMeasurementEventCallback<long>((_, value, tags, state) => ((InstrumentSeries)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, state) => ((InstrumentSeries)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>((_, value, tags, state) => ((InstrumentSeries)state!).Record(value, tags));
        _listener.Start();
    }

    /// <summary>The page, with observable instruments asked now.</summary>
    public string Write()
    {
        foreach (var series in _instruments.Values) series.BeginObservation();
        _listener.RecordObservableInstruments();
        var page = new StringBuilder();
        foreach (var series in _instruments.Values.OrderBy(s => s.Name, StringComparer.Ordinal)) series.Write(page);
        return page.ToString();
    }

    public void Dispose() => _listener.Dispose();

    /// <summary>All series of one instrument.</summary>
    private sealed class InstrumentSeries(Instrument instrument)
    {
        private readonly ConcurrentDictionary<string, Series> _series = new(StringComparer.Ordinal);

        /// <summary>Finds a series by its tags without writing them out, which takes longer than all else that is recorded of a small request. At most <see cref="SeriesMax"/>.</summary>
        private readonly ConcurrentDictionary<Tags, Series> _known = new();
        private readonly bool _isGauge = instrument is ObservableGauge<long> or ObservableGauge<int> or ObservableGauge<double> or UpDownCounter<long> or UpDownCounter<int>;
        private readonly bool _isObservable = instrument.IsObservable;
        private readonly double[]? _boundaries = instrument switch
        {
            Histogram<double> h => [.. h.Advice?.HistogramBucketBoundaries ?? DefaultBoundaries],
            Histogram<long> h => h.Advice?.HistogramBucketBoundaries is { } b ? [.. b.Select(x => (double)x)] : DefaultBoundaries,
            _ => null,
        };

        public string Name { get; } = PageName(instrument);

        private static string PageName(Instrument instrument)
        {
            var name = instrument.Name.Replace('.', '_').Replace('-', '_');
            var isCounter = instrument is Counter<long> or Counter<int> or Counter<double> or ObservableCounter<long> or ObservableCounter<double>;
            return isCounter && !name.EndsWith("_total", StringComparison.Ordinal) ? name + "_total" : name;
        }

        /// <summary>Observable series that are no longer reported vanish from the page.</summary>
        public void BeginObservation()
        {
            if (_isObservable) _series.Clear();
        }

        public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            var key = new Tags(tags);
            if (!key.IsWhole || !_known.TryGetValue(key, out var series)) series = Find(tags, key);
            series.Record(value, replace: _isObservable);
        }

        private Series Find(ReadOnlySpan<KeyValuePair<string, object?>> tags, Tags key)
        {
            var labels = Labels(tags);
            if (!_series.TryGetValue(labels, out var series))
                series = _series.GetOrAdd(_series.Count < SeriesMax ? labels : "overflow=\"true\"", _ => new Series(_boundaries));
            // Observable series come and go; the others stay. What overflows is not kept, for there is no end of it.
            if (key.IsWhole && !_isObservable && _series.ContainsKey(labels) && _known.Count < SeriesMax) _known.TryAdd(key, series);
            return series;
        }

        public void Write(StringBuilder page)
        {
            if (_series.IsEmpty) return;
            if (instrument.Description is { Length: > 0 } help) page.Append(CultureInfo.InvariantCulture, $"# HELP {Name} {help.Replace("\n", " ", StringComparison.Ordinal)}\n");
            page.Append(CultureInfo.InvariantCulture, $"# TYPE {Name} {(_boundaries is not null ? "histogram" : _isGauge ? "gauge" : "counter")}\n");
            foreach (var (labels, series) in _series.OrderBy(s => s.Key, StringComparer.Ordinal)) series.Write(page, Name, labels);
        }

        private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            if (tags.IsEmpty) return "";
            var text = new StringBuilder();
            foreach (var (name, value) in tags)
            {
                if (text.Length > 0) text.Append(',');
                text.Append(name.Replace('.', '_')).Append("=\"");
                foreach (var c in Convert.ToString(value, CultureInfo.InvariantCulture) ?? "")
                    _ = c switch
                    {
                        '\\' => text.Append("\\\\"),
                        '"' => text.Append("\\\""),
                        '\n' => text.Append("\\n"),
                        _ => text.Append(c),
                    };
                text.Append('"');
            }

            return text.ToString();
        }
    }

    /// <summary>The tags of one measurement, as many as Oort's instruments have.</summary>
    private readonly record struct Tags(string? FirstName, object? First, string? SecondName, object? Second, bool IsWhole)
    {
        public Tags(ReadOnlySpan<KeyValuePair<string, object?>> tags)
            : this(
                tags.Length > 0 ? tags[0].Key : null,
                tags.Length > 0 ? tags[0].Value : null,
                tags.Length > 1 ? tags[1].Key : null,
                tags.Length > 1 ? tags[1].Value : null,
                tags.Length <= 2)
        {
        }
    }

    /// <summary>One series: a sum, or a histogram's buckets.</summary>
    private sealed class Series(double[]? boundaries)
    {
        private readonly Lock _lock = new();
        private readonly long[] _buckets = boundaries is null ? [] : new long[boundaries.Length + 1];
        private double _sum;
        private long _count;

        public void Record(double value, bool replace)
        {
            lock (_lock)
            {
                _sum = replace ? value : _sum + value;
                _count++;
                if (boundaries is null) return;
                var index = Array.BinarySearch(boundaries, value);
                _buckets[index >= 0 ? index : ~index]++;
            }
        }

        public void Write(StringBuilder page, string name, string labels)
        {
            lock (_lock)
            {
                if (boundaries is null)
                {
                    page.Append(CultureInfo.InvariantCulture, $"{name}{Braces(labels)} {_sum:R}\n");
                    return;
                }

                var cumulative = 0L;
                for (var i = 0; i < _buckets.Length; i++)
                {
                    cumulative += _buckets[i];
                    var limit = i < boundaries.Length ? boundaries[i].ToString("R", CultureInfo.InvariantCulture) : "+Inf";
                    page.Append(CultureInfo.InvariantCulture, $"{name}_bucket{Braces(Join(labels, $"le=\"{limit}\""))} {cumulative}\n");
                }

                page.Append(CultureInfo.InvariantCulture, $"{name}_sum{Braces(labels)} {_sum:R}\n{name}_count{Braces(labels)} {_count}\n");
            }
        }

        private static string Join(string labels, string more) => labels.Length == 0 ? more : $"{labels},{more}";

        private static string Braces(string labels) => labels.Length == 0 ? "" : $"{{{labels}}}";
    }
}
