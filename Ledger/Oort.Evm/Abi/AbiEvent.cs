using System.Diagnostics.CodeAnalysis;

namespace Oort.Evm;

/// <summary>An event that a contract declares: how it stands in a log. Thread-safe.</summary>
public sealed class AbiEvent
{
    private readonly AbiParameter[] parameters;
    private readonly AbiType[] dataTypes;
    private readonly int indexedCount;

    /// <param name="signature">"Transfer(address indexed from,address indexed to,uint256 value)"; names may be left out.</param>
    /// <exception cref="ArgumentException">The text is no such signature, or has more indexed parameters than the three that fit.</exception>
    public AbiEvent(string signature)
    {
        (var name, parameters) = AbiParser.ReadSignature(signature);
        Signature = AbiSignature.Canonical(name, parameters.Select(parameter => parameter.Type));
        Topic = AbiSignature.Hash(Signature);
        dataTypes = [.. parameters.Where(parameter => !parameter.IsIndexed).Select(parameter => parameter.Type)];
        indexedCount = parameters.Length - dataTypes.Length;
        if (indexedCount > EvmLog.TopicCountMax - 1) throw new ArgumentException($"An event has at most {EvmLog.TopicCountMax - 1} indexed parameters.", nameof(signature));
    }

    public string Signature { get; }

    /// <summary>The hash of the signature: the first topic of each of its logs.</summary>
    public EvmHash Topic { get; }

    /// <summary>Reads a log's values in the order of the parameters. Of an indexed parameter that is no single word, only the hash is there (<see cref="EvmHash"/>).</summary>
    /// <returns>False when the log is another event's. Which contract it is of, the caller looks at first.</returns>
    /// <exception cref="EvmException">Malformed: it is this event's, but not its values.</exception>
    public bool TryDecode(EvmLog log, [NotNullWhen(true)] out object[]? values)
    {
        ArgumentNullException.ThrowIfNull(log);
        values = null;
        // The same signature with other parameters indexed is another event.
        if (log.Topics.Count != 1 + indexedCount || log.Topics[0] != Topic) return false;
        var data = AbiDecoder.Decode(dataTypes, log.Data.Span);
        values = new object[parameters.Length];
        var (nextTopic, nextValue) = (1, 0);
        for (var i = 0; i < values.Length; i++)
            values[i] = parameters[i].IsIndexed ? ReadTopic(parameters[i].Type, log.Topics[nextTopic++]) : data[nextValue++];
        return true;
    }

    public override string ToString() => Signature;

    private static object ReadTopic(AbiType type, EvmHash topic) => type.IsWord ? AbiDecoder.ReadWord(type, topic.Bytes) : topic;
}
