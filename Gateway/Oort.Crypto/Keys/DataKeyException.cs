namespace Oort.Crypto;

/// <summary>Why a wrapped data key could not be unwrapped.</summary>
public enum DataKeyFailure
{
    /// <summary>The keyring has no key-encryption key of that version: destroyed on purpose, or the keyring is an old replica.</summary>
    NoSuchKey,

    /// <summary>The wrapped bytes are not what was wrapped for this data id under this version.</summary>
    Corrupt,

    /// <summary>Another customer's key than it was wrapped under, or none.</summary>
    WrongCustomerKey,
}

/// <summary>A data key that cannot be had: its data cannot be read.</summary>
public sealed class DataKeyException(DataKeyFailure failure, string message) : Exception(message)
{
    public DataKeyFailure Failure { get; } = failure;
}
