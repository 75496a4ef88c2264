namespace Oort.Objects.Tests.Costs;

/// <summary>Who writes a network's bill: hears of each thing that happens there, and charges it as the network's published rules say. Knows nothing of Oort's prices.</summary>
internal abstract class BillingOffice
{
    private readonly Dictionary<string, Kept> items = new(StringComparer.Ordinal);

    /// <summary>US dollars so far.</summary>
    public double Bill { get; protected set; }

    protected IEnumerable<Kept> Items => items.Values;

    public int ItemCount => items.Count;

    /// <summary>Requests that were heard of, for tests of what is asked.</summary>
    public int Puts { get; private set; }

    public int Asks { get; private set; }

    public void Put(string name, long length)
    {
        Puts++;
        items.Add(name, new(length));
        OnPut(length);
    }

    public void Ask()
    {
        Asks++;
        OnAsk();
    }

    public void Read(long length) => OnRead(length);

    public void Restore(long length) => OnRestore(length);

    public void Delete(string name)
    {
        if (items.Remove(name, out var gone)) OnDelete(gone);
    }

    /// <summary>A day ends, through which everything that is there was kept.</summary>
    public void EndDay(DateOnly day)
    {
        foreach (var item in items.Values) item.Days++;
        OnDay(day);
    }

    protected virtual void OnPut(long length)
    {
    }

    protected virtual void OnAsk()
    {
    }

    protected virtual void OnRead(long length)
    {
    }

    protected virtual void OnRestore(long length)
    {
    }

    protected virtual void OnDelete(Kept item)
    {
    }

    protected abstract void OnDay(DateOnly day);

    protected sealed class Kept(long length)
    {
        public long Length { get; } = length;

        public int Days { get; set; }
    }
}

/// <summary>An S3 class, by the price page of a cloud: requests by the thousand, storage by the gigabyte and calendar month, each day its part; too short and too short-lived is charged as if it were not.</summary>
internal sealed class CloudOffice(CloudTariff tariff) : BillingOffice
{
    protected override void OnPut(long length) => Bill += tariff.ThousandPuts / 1000;

    protected override void OnAsk() => Bill += tariff.ThousandOthers / 1000;

    protected override void OnRead(long length) => Bill += tariff.ThousandOthers / 1000 + length * tariff.GigabyteOut / 1_073_741_824 + (tariff.IsArchive ? 0 : length * tariff.GigabyteRetrieved / 1_073_741_824);

    protected override void OnRestore(long length)
    {
        const int daysKept = 3;
        Bill += tariff.ThousandRestores / 1000 + length * (tariff.GigabyteRetrieved + tariff.GigabyteStandardMonth * daysKept / 30.4) / 1_073_741_824;
    }

    protected override void OnDelete(Kept item)
    {
        for (; item.Days < tariff.LeastDays; item.Days++) Bill += OfMonth(item) / 30.4;
    }

    protected override void OnDay(DateOnly day)
    {
        foreach (var item in Items) Bill += OfMonth(item) / DateTime.DaysInMonth(day.Year, day.Month);
    }

    private double OfMonth(Kept item)
    {
        var month = Math.Max(item.Length, tariff.LeastKilobytes * 1024L) * tariff.GigabyteMonth;
        if (tariff.IsArchive) month += 32 * 1024 * tariff.GigabyteMonth + 8 * 1024 * tariff.GigabyteStandardMonth;
        return month / 1_073_741_824;
    }
}

/// <summary>Rows of the price page, in US dollars.</summary>
internal sealed record CloudTariff(double ThousandPuts, double ThousandOthers, double GigabyteMonth, double GigabyteRetrieved, double GigabyteOut, int LeastKilobytes, int LeastDays, bool IsArchive = false, double ThousandRestores = 0, double GigabyteStandardMonth = 0.023)
{
    public static CloudTariff InfrequentAccess { get; } = new(ThousandPuts: 0.01, ThousandOthers: 0.001, GigabyteMonth: 0.0125, GigabyteRetrieved: 0.01, GigabyteOut: 0.09, LeastKilobytes: 128, LeastDays: 30);

    public static CloudTariff DeepArchive { get; } = new(ThousandPuts: 0.05, ThousandOthers: 0.0004, GigabyteMonth: 0.00099, GigabyteRetrieved: 0.0025, GigabyteOut: 0.09, LeastKilobytes: 0, LeastDays: 180, IsArchive: true, ThousandRestores: 0.025);
}

/// <summary>A network that keeps for ever: so many winston a byte and a fee for the transaction, at the rate of the day.</summary>
internal sealed class EndowmentOffice : BillingOffice
{
    private const double WinstonPerByte = 8_000;
    private const double TransactionWinston = 2_000_000_000;
    private const double DollarsPerToken = 2.05;

    protected override void OnPut(long length) => Bill += (TransactionWinston + length * WinstonPerByte) / 1e12 * DollarsPerToken;

    protected override void OnDay(DateOnly day)
    {
    }
}

/// <summary>Warm storage with proofs: a rate by block for the bytes, a floor for the data set, a fee for each piece that comes and goes.</summary>
internal sealed class ProofOffice : BillingOffice
{
    private const int BlocksPerDay = 2880;
    private const int BlocksPerMonth = 86_400;

    protected override void OnPut(long length) => Bill += 0.0008;

    protected override void OnDelete(Kept item) => Bill += 0.002;

    protected override void OnDay(DateOnly day)
    {
        if (ItemCount == 0) return;
        var bytes = Items.Sum(item => (double)item.Length);
        for (var block = 0; block < BlocksPerDay; block += BlocksPerDay / 24) Bill += (bytes / 1_099_511_627_776 * 2.50 + 0.024) / BlocksPerMonth * (BlocksPerDay / 24);
    }
}

/// <summary>Orders for half a year, which are placed anew when they end: a fee for the file and one for its megabytes.</summary>
internal sealed class OrderOffice : BillingOffice
{
    private const int OrderDays = 180;

    protected override void OnPut(long length) => Order(length);

    protected override void OnDay(DateOnly day)
    {
        foreach (var item in Items.Where(item => item.Days % OrderDays == 0)) Order(item.Length);
    }

    private void Order(long length) => Bill += 0.0006 + length / 1_048_576.0 * 0.00004;
}
