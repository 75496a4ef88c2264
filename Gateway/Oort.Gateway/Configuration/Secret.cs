namespace Oort.Gateway;

/// <summary>Text that must not be printed: logs, exceptions and dumps of options show <c>***</c>.</summary>
public sealed class Secret(string value)
{
    /// <summary>The text itself.</summary>
    public string Reveal() => value;

    public override string ToString() => "***";
}
