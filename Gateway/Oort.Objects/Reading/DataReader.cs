using System.Collections.Immutable;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Oort.Backends;
using Oort.Crypto;
using Oort.Metadata;
using Oort.Objects.Budget;

namespace Oort.Objects.Reading;

/// <summary>An open version: its data ids and segments as they were when it was opened, pinned until it is disposed.</summary>
/// <remarks>One range at a time.</remarks>
internal sealed class DataReader(DataPath path, ImmutableArray<Extent> extents, IReadOnlyDictionary<DataId, OpenData> data, IReadOnlyDictionary<SegmentId, OpenSegment> segments, IDisposable pin, long reserved) : IObjectReader
{
    /// <summary>While the client takes longer than this for one window, the next one is not read ahead: it would hold memory and wait.</summary>
    private static readonly TimeSpan PromptFlush = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Window by window: 1. have its sealed bytes, 2. begin to read the next one ahead if the client keeps up and the memory is there, 3. open its chunks into
    /// the writer, 4. flush, which waits for the client.
    /// </summary>
    public async ValueTask CopyToAsync(long offset, long length, PipeWriter destination, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, extents.Sum(extent => extent.Length) - offset);
        using var windows = ReadPlan.Windows(extents, offset, length, data, segments).GetEnumerator();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<WindowBytes>? ahead = null;
        var wait = MemoryBudget.AdmissionWait;
        var isPrompt = true;
        try
        {
            var hasWindow = windows.MoveNext();
            while (hasWindow)
            {
                // 1.
                var window = windows.Current;
                using (var bytes = await HaveAsync(window, ahead, wait, stop.Token))
                {
                    // 2.
                    hasWindow = windows.MoveNext();
                    ahead = hasWindow && isPrompt ? WindowBytes.ReadAsync(path, windows.Current, TimeSpan.Zero, stop.Token) : null;
                    wait = MemoryBudget.ProgressWait;

                    // 3.
                    await OpenAsync(window, bytes, destination, cancellationToken);
                }

                // An object of ten thousand parts has ten thousand keys; one at a time is enough.
                if (!hasWindow || windows.Current.Data != window.Data) window.Data.Dispose();

                // 4.
                var started = path.Time.GetTimestamp();
                var flushed = await destination.FlushAsync(cancellationToken);
                if (flushed.IsCanceled || flushed.IsCompleted) throw new OperationCanceledException("Nobody takes the bytes any more.");
                isPrompt = path.Time.GetElapsedTime(started) < PromptFlush;
            }
        }
        finally
        {
            await stop.CancelAsync();
            _ = ahead?.ContinueWith(static task => { if (task.IsCompletedSuccessfully) task.Result.Dispose(); else _ = task.Exception; }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    public ValueTask DisposeAsync()
    {
        pin.Dispose();
        foreach (var open in data.Values) open.Dispose();
        path.Buffers.Budget.Release(reserved);
        return ValueTask.CompletedTask;
    }

    private async ValueTask<WindowBytes> HaveAsync(ChunkWindow window, Task<WindowBytes>? ahead, TimeSpan wait, CancellationToken cancellationToken)
    {
        try
        {
            if (ahead is not null) return await ahead;
        }
        catch (OverloadedException)
        {
            // There was no memory to read ahead; there is the wait for it.
        }
        return await WindowBytes.ReadAsync(path, window, wait, cancellationToken);
    }

    private async ValueTask OpenAsync(ChunkWindow window, WindowBytes bytes, PipeWriter destination, CancellationToken cancellationToken)
    {
        for (var index = 0; index < window.ChunkCount; index++)
        {
            if (TryOpen(window, index, await bytes.ChunkAsync(path, index, cancellationToken), destination)) continue;

            // Some store lied, or its medium did: find out which, and take the others.
            using var verified = await WindowBytes.ReadVerifiedAsync(path, window, index, cancellationToken);
            if (TryOpen(window, index, await verified.ChunkAsync(path, index, cancellationToken), destination)) continue;
            throw new ObjectUnavailableException($"Chunk {window.FirstChunk + index} of data id {window.Data.Row.Id} does not open, though its cells in segment {window.Segment.Id} are what was written.");
        }
    }

    /// <summary>Opens one chunk straight into the writer; where only a part is wanted, in place and copied. No byte moves on before the chunk is authentic.</summary>
    private static bool TryOpen(ChunkWindow window, int index, Memory<byte> sealedChunk, PipeWriter destination)
    {
        var chunk = window.FirstChunk + index;
        var isLast = chunk == window.Data.ChunkCount - 1;
        var length = sealedChunk.Length - ChunkCipher.TagSize;
        var begin = chunk * ChunkCipher.PlaintextSize;
        var (from, to) = ((int)Math.Max(0, window.From - begin), (int)Math.Min(length, window.To - begin));
        if (to - from == length)
        {
            if (!window.Data.Cipher.TryOpen(chunk, isLast, sealedChunk.Span, destination.GetSpan(length)[..length])) return false;
            destination.Advance(length);
            return true;
        }
        var plaintext = sealedChunk[..length].Span;
        try
        {
            if (!window.Data.Cipher.TryOpen(chunk, isLast, sealedChunk.Span, plaintext)) return false;
            plaintext[from..to].CopyTo(destination.GetSpan(to - from));
            destination.Advance(to - from);
            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plaintext);
        }
    }
}
