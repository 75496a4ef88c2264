using System.Buffers;
using System.Threading.Tasks.Sources;

namespace Oort.Checksums;

public sealed partial class RunningMd5
{
    /// <summary>An append that the shared runners carry out: one object serves all appends of a stream, as they come one after another.</summary>
    private sealed class SharedAppend(RunningMd5 md5) : IMd5Work, IValueTaskSource
    {
        // What no lane has taken yet.
        private ReadOnlySequence<byte> unread;
        private SequencePosition position;
        private ManualResetValueTaskSourceCore<bool> completion;
        private volatile bool isUnderWay;

        public bool IsUnderWay => isUnderWay;

        public ref Md5State State => ref md5.state;

        public ValueTask Begin(ReadOnlySequence<byte> data)
        {
            completion.Reset();
            (unread, position) = (data, data.Start);
            isUnderWay = true;
            md5.service.Submit(this);
            return new ValueTask(this, completion.Version);
        }

        public bool TryTakeBlocks(out ReadOnlyMemory<byte> blocks)
        {
            while (unread.TryGet(ref position, out var piece))
            {
                blocks = piece[md5.Enter(piece.Span)];
                if (!blocks.IsEmpty) return true;
            }

            blocks = default;
            return false;
        }

        public void Complete(Exception? failure, bool isInline)
        {
            unread = default;
            completion.RunContinuationsAsynchronously = !isInline;
            isUnderWay = false;
            if (failure is null) completion.SetResult(true);
            else completion.SetException(failure);
        }

        public void GetResult(short token) => completion.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => completion.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            completion.OnCompleted(continuation, state, token, flags);
    }
}
