using System.CommandLine;
using Oort.Gateway;

namespace Oort.Cli.Verbs;

/// <summary>Asks before something goes that cannot be brought back.</summary>
internal static class Confirmation
{
    public static Option<bool> Option() => new("--yes") { Description = "Do not ask." };

    /// <exception cref="ConfigurationException">It was not confirmed.</exception>
    public static void Ask(bool isGiven, string question)
    {
        if (isGiven) return;
        Console.Error.Write($"{question} [y/N] ");
        if (Console.In.ReadLine()?.Trim() is not ("y" or "Y" or "yes")) throw new ConfigurationException("Nothing was done; confirm with y, or with --yes.");
    }
}
