using System.Buffers;
using System.IO.Pipelines;
using Oort.Gateway.Errors;
using Oort.S3;

namespace Oort.Gateway.Operations;

/// <summary>Answers that may take minutes: while the work goes on, spaces keep the connection alive (S3 API: CopyObject, "200 OK response … can contain an error").</summary>
/// <remarks>Once the 200 is on its way an error can only be told in the body, as S3 does and its clients expect of these operations, and headers are not sent any more.</remarks>
internal static class SlowAnswer
{
    /// <param name="answer">Sets headers, if the response has not started, and writes the document.</param>
    public static async ValueTask RunAsync<T>(
        OperationContext context,
        S3Request request,
        ValueTask<T> work,
        Func<T, PipeWriter, ValueTask> answer,
        CancellationToken cancellationToken)
    {
        var task = work.AsTask();
        if (await EndsWithinAsync(context, task, cancellationToken))
        {
            var result = await task;
            await answer(result, Answers.Xml(request));
            return;
        }

        var body = Answers.Xml(request);
        new S3XmlWriter(body).Declaration();
        do
        {
            body.Write(" "u8);
            await body.FlushAsync(CancellationToken.None);
        }
        while (!await EndsWithinAsync(context, task, cancellationToken));

        body.Write(WithoutDeclaration(await DocumentAsync(request, task, answer)));
        await body.FlushAsync(cancellationToken);
    }

    /// <summary>Waits one interval. A caller that is gone is not waited for by the clock: the work has the same token, and is seen to its end.</summary>
    private static async ValueTask<bool> EndsWithinAsync(OperationContext context, Task task, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var first = await Task.WhenAny(task, Task.Delay(context.Options.KeepAliveAfter, context.Time, stop.Token));
        if (first == task || cancellationToken.IsCancellationRequested)
        {
            await stop.CancelAsync();
            return true;
        }

        return false;
    }

    private static async ValueTask<ReadOnlyMemory<byte>> DocumentAsync<T>(S3Request request, Task<T> task, Func<T, PipeWriter, ValueTask> answer)
    {
        try
        {
            var document = new MemoryStream();
            var pipe = PipeWriter.Create(document);
            await answer(await task, pipe);
            await pipe.CompleteAsync();
            return document.ToArray();
        }
        catch (Exception e) when (InnerErrors.Of(e) is { } error)
        {
            var document = new ArrayBufferWriter<byte>();
            var (message, fields) = e is S3Exception s3 ? (s3.Message, s3.Fields) : (error.Message, []);
            S3Xml.WriteError(new(document), error, message, fields, request.Http.Request.Path, request.RequestId, request.RequestId);
            return document.WrittenMemory;
        }
    }

    /// <summary>The declaration went out before the spaces; nothing may stand before one.</summary>
    private static ReadOnlySpan<byte> WithoutDeclaration(ReadOnlyMemory<byte> document) => document.Span[(document.Span.IndexOf((byte)'\n') + 1)..];
}
