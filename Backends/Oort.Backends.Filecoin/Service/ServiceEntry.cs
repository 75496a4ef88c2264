namespace Oort.Backends.Filecoin;

/// <summary>A word about a data set or a piece that the service keeps for everybody to read.</summary>
/// <param name="Key">At most 32 bytes.</param>
/// <param name="Value">At most 96 bytes.</param>
internal sealed record ServiceEntry(string Key, string Value);
