using System.CommandLine;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary>The gateway's options as flags of a verb.</summary>
internal sealed class GatewayFlags
{
    private readonly Option<string> _config = new("--config") { Description = "Configuration file (default ./oort.json when it is there).", HelpName = "FILE" };
    private readonly List<(string Name, Option<string[]> Option)> _flags = [];

    /// <param name="names">Which options this verb takes; none: all.</param>
    public GatewayFlags(params string[] names)
    {
        foreach (var definition in OptionDefinition.All)
        {
            if (definition.IsSecret || (names.Length > 0 && !names.Contains(definition.Name))) continue;
            _flags.Add((definition.Name, new Option<string[]>("--" + definition.Name)
            {
                Description = definition.Help,
                HelpName = definition.Argument ?? "true|false",
                Arity = definition.Argument is null ? ArgumentArity.ZeroOrMore : ArgumentArity.OneOrMore,
                AllowMultipleArgumentsPerToken = false,
            }));
        }
    }

    public void AddTo(Command command)
    {
        command.Options.Add(_config);
        foreach (var (_, option) in _flags) command.Options.Add(option);
    }

    public GatewayOptions Read(ParseResult parsed)
    {
        var flags = new Dictionary<string, IReadOnlyList<string>>();
        foreach (var (name, option) in _flags)
        {
            if (parsed.GetResult(option) is null) continue;
            var values = parsed.GetValue(option) ?? [];
            flags[name] = values.Length == 0 ? [""] : values;
        }

        return OptionReader.Read(parsed.GetValue(_config), Environment.GetEnvironmentVariable, flags);
    }
}
