using System.ComponentModel.DataAnnotations;
using System.Text;

namespace Oort.Evm;

/// <summary>Which node is asked, and with how much patience.</summary>
public sealed record EvmClientOptions
{
    /// <summary>http or https. Many services have the account's key in the path, so it is never in a message or a log but for its host.</summary>
    [Required]
    public required Uri Endpoint { get; init; }

    /// <summary>Value of the Authorization header ("Bearer …"); null: none. A secret.</summary>
    public string? Authorization { get; init; }

    /// <summary>For a request and all of its answer. Default 30 s: nodes search logs for many seconds.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of an answer at most. Default 8 MiB: some ten thousand logs.</summary>
    [Range(1024, 256 << 20)]
    public int AnswerSizeMax { get; init; } = 8 << 20;

    /// <summary>Everything but the secrets.</summary>
    private bool PrintMembers(StringBuilder text)
    {
        text.Append($"Endpoint = {Endpoint.Scheme}://{Endpoint.Authority}/***, Authorization = {(Authorization is null ? "none" : "***")}, Timeout = {Timeout}, AnswerSizeMax = {AnswerSizeMax}");
        return true;
    }
}
