namespace Oort.Metadata;

/// <summary>Stored or journalled bytes are not what the format allows (docs/formats/journal.md). Never a passing trouble: retrying does not help.</summary>
public sealed class MetadataFormatException(string message, Exception? inner = null) : Exception(message, inner);
