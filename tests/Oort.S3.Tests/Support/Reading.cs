using System.Buffers;
using System.IO.Pipelines;

namespace Oort.S3.Tests;

/// <summary>Ways to read a body to its end.</summary>
internal static class Reading
{
    /// <summary>How a consumer takes what it is given.</summary>
    public enum Style
    {
        /// <summary>Everything, at once.</summary>
        All,

        /// <summary>Nothing until the end has come.</summary>
        Hoard,

        /// <summary>One byte, and says that it saw no more.</summary>
        OneByte,

        /// <summary>All but one byte, and says that it saw all.</summary>
        KeepOne,
    }

    public static async Task<byte[]> ToEndAsync(this PipeReader reader, Style style = Style.All)
    {
        var output = new ArrayBufferWriter<byte>();
        while (true)
        {
            var result = await reader.ReadAsync(TestContext.Current.CancellationToken);
            var buffer = result.Buffer;
            var take = style switch
            {
                Style.All => buffer.Length,
                Style.Hoard => result.IsCompleted ? buffer.Length : 0,
                Style.OneByte => Math.Min(buffer.Length, 1),
                _ => result.IsCompleted ? buffer.Length : Math.Max(buffer.Length - 1, 0),
            };
            foreach (var segment in buffer.Slice(0, take))
                output.Write(segment.Span);
            var isEnd = result.IsCompleted && take == buffer.Length;
            reader.AdvanceTo(buffer.GetPosition(take), style == Style.OneByte ? buffer.GetPosition(take) : buffer.End);
            if (isEnd)
                return output.WrittenSpan.ToArray();
        }
    }
}
