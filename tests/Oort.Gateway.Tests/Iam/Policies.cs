namespace Oort.Gateway.Tests.Iam;

/// <summary>Policies, short.</summary>
internal static class Policies
{
    public static string Allow(string actions, string resource = "*") => Statement("Allow", actions, resource);

    public static string Deny(string actions, string resource = "*") => Statement("Deny", actions, resource);

    public static string Trust(string principal, string action = "sts:AssumeRole", string? condition = null) =>
        $$"""{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{{principal}},"Action":["{{action}}","sts:TagSession"]{{(condition is null ? "" : $",\"Condition\":{condition}")}}}]}""";

    /// <param name="actions">With commas between them.</param>
    private static string Statement(string effect, string actions, string resource) =>
        $$"""{"Version":"2012-10-17","Statement":[{"Effect":"{{effect}}","Action":[{{string.Join(',', actions.Split(',').Select(action => $"\"{action}\""))}}],"Resource":"{{resource}}"}]}""";
}
