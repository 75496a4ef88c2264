namespace Oort.Objects;

/// <summary>Tells when every request that was under way at some moment has ended: such a one may hold a data key wrapped under a key that is to be destroyed.</summary>
/// <remarks>Thread-safe. As many counts as eras that have requests; eras begin seldom.</remarks>
internal sealed class Eras
{
    private readonly Lock gate = new();
    private readonly List<Era> older = [];
    private Era current = new(0);

    /// <summary>A request begins in the present era.</summary>
    public Use Begin()
    {
        lock (gate)
        {
            current.Count++;
            return new(this, current);
        }
    }

    /// <summary>Begins the next era.</summary>
    /// <returns>Its number, for <see cref="HasOlderThan"/>.</returns>
    public long Advance()
    {
        lock (gate)
        {
            if (current.Count > 0) older.Add(current);
            current = new(current.Number + 1);
            return current.Number;
        }
    }

    /// <summary>Whether requests of eras before this one are still under way.</summary>
    public bool HasOlderThan(long era)
    {
        lock (gate)
        {
            older.RemoveAll(one => one.Count == 0);
            return older.Exists(one => one.Number < era) || (current.Number < era && current.Count > 0);
        }
    }

    /// <summary>A request under way. The default value is none.</summary>
    public readonly struct Use : IDisposable
    {
        private readonly Eras? eras;
        private readonly Era? era;

        internal Use(Eras eras, Era era) => (this.eras, this.era) = (eras, era);

        /// <summary>Ends it. To be called once.</summary>
        public void Dispose()
        {
            if (era is null) return;
            lock (eras!.gate) era.Count--;
        }
    }

    internal sealed class Era(long number)
    {
        public long Number { get; } = number;

        public long Count { get; set; }
    }
}
