using System.Collections.Immutable;
using System.Text;

namespace Oort.Access.Policies;

/// <summary>A text of a policy, with its wildcards and variables (IAM User Guide: "Variables and tags").</summary>
/// <remarks><c>${key}</c> stands for the request's value, <c>${key, 'default'}</c> for the default where it has none; <c>${*}</c>, <c>${?}</c> and <c>${$}</c> for the character itself. What a variable stands for has no wildcards.</remarks>
internal sealed class PolicyText
{
    private readonly ImmutableArray<Part> parts;
    private readonly Glob whole;

    private PolicyText(string source, ImmutableArray<Part> parts)
    {
        (Source, this.parts) = (source, parts);
        if (!HasVariables) whole = new(string.Concat(parts.Select(part => part.Text)), string.Concat(parts.Select(part => part.Marks)));
    }

    /// <summary>As it was written.</summary>
    public string Source { get; }

    /// <summary>What its variables ask of a request.</summary>
    public IEnumerable<ConditionKey> Keys => parts.Where(part => part.Key is not null).Select(part => part.Key!);

    public bool HasVariables => parts.Any(part => part.Key is not null);

    /// <param name="hasWildcards">Whether * and ? are wildcards.</param>
    /// <param name="hasVariables">Whether ${…} is a variable: since version 2012-10-17 of the language.</param>
    /// <exception cref="PolicyException">A variable is none.</exception>
    public static PolicyText Parse(string source, bool hasWildcards, bool hasVariables)
    {
        var parts = ImmutableArray.CreateBuilder<Part>();
        var (text, marks) = (new StringBuilder(), new StringBuilder());
        for (var i = 0; i < source.Length; i++)
        {
            if (hasVariables && source.AsSpan(i).StartsWith("${"))
            {
                var end = source.IndexOf('}', i);
                if (end < 0) throw new PolicyException($"The variable at character {i} of \"{source}\" has no end.");
                AddVariable(source[(i + 2)..end]);
                i = end;
                continue;
            }

            text.Append(source[i]);
            marks.Append(hasWildcards && source[i] is Glob.Any or Glob.One ? source[i] : Glob.Literal);
        }

        AddText();
        if (parts.Count(part => part.Key is not null) > PolicyLimits.VariableCountMax) throw new PolicyException($"\"{source}\" has more than {PolicyLimits.VariableCountMax} variables.");
        return new(source, parts.ToImmutable());

        void AddText()
        {
            if (text.Length > 0) parts.Add(new(text.ToString(), marks.ToString(), null, "", null));
            text.Clear();
            marks.Clear();
        }

        void AddVariable(string variable)
        {
            if (variable is "*" or "?" or "$")
            {
                text.Append(variable);
                marks.Append(Glob.Literal);
                return;
            }

            var comma = variable.IndexOf(',', StringComparison.Ordinal);
            var name = (comma < 0 ? variable : variable[..comma]).Trim();
            var otherwise = comma < 0 ? null : variable[(comma + 1)..].Trim();
            if (otherwise is not null && otherwise is not ['\'', .., '\'']) throw new PolicyException($"The default of the variable ${{{variable}}} stands in single quotation marks.");
            if (!ConditionKeys.TryFind(name, out var key, out var member)) throw new PolicyException($"There is no policy variable ${{{name}}}.");
            AddText();
            parts.Add(new("", "", key, member, otherwise?[1..^1]));
        }
    }

    /// <summary>Whether a request's text is this one. A variable that the request has no single value for: no text is.</summary>
    public bool Matches(string subject, AccessContext context, bool ignoreCase = false) => HasVariables ? TryExpand(context, out var glob) && glob.Matches(subject, ignoreCase) : whole.Matches(subject, ignoreCase);

    /// <summary>Whether some text that begins like this may be it.</summary>
    public bool MatchesSomethingIn(string beginning) => AsIfVariablesWereWild().MatchesSomethingIn(beginning);

    /// <summary>Whether this may be that text.</summary>
    public bool MayBe(string subject) => AsIfVariablesWereWild().Matches(subject);

    private bool TryExpand(AccessContext context, out Glob glob)
    {
        glob = default;
        var (text, marks) = (new StringBuilder(), new StringBuilder());
        foreach (var part in parts)
        {
            if (!TryText(part, context, out var value)) return false;
            text.Append(value);
            if (part.Key is null) marks.Append(part.Marks);
            else marks.Append(Glob.Literal, value.Length);
        }

        glob = new(text.ToString(), marks.ToString());
        return true;
    }

    private static bool TryText(Part part, AccessContext context, out string text)
    {
        text = part.Text;
        if (part.Key is not { } key) return true;
        text = (context.TryFind(key, part.Name, out var value) ? value.Single : part.Default)!;
        return text is not null;
    }

    private Glob AsIfVariablesWereWild() => HasVariables ? new(string.Concat(parts.Select(part => part.Key is null ? part.Text : "*")), string.Concat(parts.Select(part => part.Key is null ? part.Marks : "*"))) : whole;

    public override string ToString() => Source;

    /// <param name="Marks">Which characters of the text are wildcards.</param>
    /// <param name="Key">What stands here; null: the text.</param>
    /// <param name="Default">What stands here for requests without a value; null: nothing can.</param>
    private readonly record struct Part(string Text, string Marks, ConditionKey? Key, string Name, string? Default);
}
