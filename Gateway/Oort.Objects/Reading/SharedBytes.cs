namespace Oort.Objects.Reading;

/// <summary>Payload bytes of a stripe that several readers use at a time; nobody changes them. They are freed when the last one has gone.</summary>
/// <remarks>Thread-safe. Whoever makes it is its first user.</remarks>
internal sealed class SharedBytes(IDisposable owner, Memory<byte> payload)
{
    private int userCount = 1;

    public Memory<byte> Payload => payload;

    /// <summary>Gives the bytes to one more user. Only while another one is known to be there.</summary>
    public StripeBytes Lend()
    {
        Interlocked.Increment(ref userCount);
        return new StripeBytes(new Loan(this), payload);
    }

    /// <summary>The first user has gone.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref userCount) == 0) owner.Dispose();
    }

    private sealed class Loan(SharedBytes bytes) : IDisposable
    {
        private SharedBytes? lent = bytes;

        public void Dispose() => Interlocked.Exchange(ref lent, null)?.Release();
    }
}
