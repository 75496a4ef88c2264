using System.Text.Json;

namespace Oort.Evm;

/// <summary>The table from what a node says to what it means. Codes are few and used for everything (-32000), so the texts count; they are those of geth, Erigon, Nethermind, Besu, anvil and Lotus.</summary>
internal static class RpcErrors
{
    private const int ShownLengthMax = 300;

    /// <summary>Codes that mean one thing (EIP-1474; JSON-RPC 2.0 §5.1).</summary>
    private static readonly Dictionary<long, EvmErrorKind> byCode = new()
    {
        [3] = EvmErrorKind.Reverted,
        [-32004] = EvmErrorKind.Unsupported,
        [-32005] = EvmErrorKind.Throttled,
        [-32600] = EvmErrorKind.Refused,
        [-32601] = EvmErrorKind.Unsupported,
        [-32602] = EvmErrorKind.Refused,
        [-32603] = EvmErrorKind.Transient,
    };

    /// <summary>Parts of messages, in lower case. The first that is there counts.</summary>
    private static readonly (string Part, EvmErrorKind Kind)[] byText =
    [
        // Behind these stand texts of contracts, which may say anything.
        ("execution reverted", EvmErrorKind.Reverted),
        ("vm execution error", EvmErrorKind.Reverted),
        ("revert reason", EvmErrorKind.Reverted),
        ("insufficient funds", EvmErrorKind.Funds),
        ("insufficientfunds", EvmErrorKind.Funds),
        ("not enough funds", EvmErrorKind.Funds),
        ("upfront cost exceeds account balance", EvmErrorKind.Funds),
        ("nonce too low", EvmErrorKind.NonceTooLow),
        ("nonce is too low", EvmErrorKind.NonceTooLow),
        ("oldnonce", EvmErrorKind.NonceTooLow),
        ("underpriced", EvmErrorKind.Underpriced),
        ("less than block base fee", EvmErrorKind.Underpriced),
        ("below current base fee", EvmErrorKind.Underpriced),
        ("feetoolow", EvmErrorKind.Underpriced),
        ("fee cap too low", EvmErrorKind.Underpriced),
        ("gas price too low", EvmErrorKind.Underpriced),
        ("too low gaspremium", EvmErrorKind.Underpriced),
        ("already known", EvmErrorKind.AlreadyKnown),
        ("alreadyknown", EvmErrorKind.AlreadyKnown),
        ("known transaction", EvmErrorKind.AlreadyKnown),
        ("already imported", EvmErrorKind.AlreadyKnown),
        ("already exists", EvmErrorKind.AlreadyKnown),
        ("rate limit", EvmErrorKind.Throttled),
        ("too many requests", EvmErrorKind.Throttled),
        ("limit exceeded", EvmErrorKind.Throttled),
        ("transaction type not supported", EvmErrorKind.Unsupported),
        ("not supported by the current hardfork", EvmErrorKind.Unsupported),
        ("method not found", EvmErrorKind.Unsupported),
        ("is not available", EvmErrorKind.Unsupported),
        ("header not found", EvmErrorKind.Transient),
        ("missing trie node", EvmErrorKind.Transient),
        ("timeout", EvmErrorKind.Transient),
        ("timed out", EvmErrorKind.Transient),
    ];

    public static EvmException Read(string method, RpcError error)
    {
        var message = error.Message ?? "";
        var kind = KindOf(error.Code, message);
        var said = EvmHex.Shown(message, ShownLengthMax).TrimEnd('.', ' ');
        if (kind != EvmErrorKind.Reverted) return new(kind, $"{method} was refused with {error.Code}: {said}. {AdviceOf(kind)}") { Code = error.Code };
        var revert = RevertReason.Read(DataOf(error.Data, 0));
        // Some nodes say the reason only in the message.
        return new(kind, $"{method}: the contract reverted {(revert.Data.IsEmpty ? $"({said})" : $"({revert.Text})")}. {AdviceOf(kind)}") { Code = error.Code, Revert = revert };
    }

    private static EvmErrorKind KindOf(long code, string message)
    {
        if (byCode.TryGetValue(code, out var certain) && certain is EvmErrorKind.Reverted or EvmErrorKind.Throttled) return certain;
        var lower = message.ToLowerInvariant();
        foreach (var (part, kind) in byText)
            if (lower.Contains(part, StringComparison.Ordinal)) return kind;
        return byCode.GetValueOrDefault(code, EvmErrorKind.Refused);
    }

    private static string AdviceOf(EvmErrorKind kind) => kind switch
    {
        EvmErrorKind.Funds => "Send the account what value and gas cost.",
        EvmErrorKind.NonceTooLow => "Look whether the transaction, or another of its nonce, is in a block.",
        EvmErrorKind.Underpriced => "Sign it again with higher fees.",
        EvmErrorKind.AlreadyKnown => "The node has it; wait for its receipt.",
        EvmErrorKind.Transient or EvmErrorKind.Throttled => "Try again later.",
        EvmErrorKind.Unsupported => "Use another kind of transaction, or another node.",
        EvmErrorKind.Reverted => "It will again, unless the arguments or the chain's state change.",
        _ => "Correct the request.",
    };

    /// <summary>The bytes of a revert: a string of hexadecimal digits, alone, behind a word, or in an object of the same name.</summary>
    private static byte[] DataOf(JsonElement data, int depth)
    {
        const int depthMax = 3;
        if (data.ValueKind == JsonValueKind.Object && depth < depthMax)
        {
            foreach (var name in (ReadOnlySpan<string>)["data", "result"])
                if (data.TryGetProperty(name, out var inner) && DataOf(inner, depth + 1) is { Length: > 0 } found) return found;
        }

        if (data.ValueKind != JsonValueKind.String) return [];
        var text = data.GetString()!;
        return EvmHex.TryDecode(text[(text.LastIndexOf(' ') + 1)..], out var bytes) ? bytes : [];
    }
}
