namespace Oort.Crypto;

/// <summary>Why a sealed keyring could not be opened.</summary>
public enum KeyringError
{
    None = 0,

    /// <summary>The bytes do not begin as a keyring does, or there are none.</summary>
    NotAKeyring,

    /// <summary>A newer program wrote it: nothing is guessed.</summary>
    UnknownVersion,

    /// <summary>Shorter or longer than its header says.</summary>
    Truncated,

    /// <summary>It is whole as far as can be seen, but another recovery phrase (or root key file) belongs to it.</summary>
    WrongRoot,

    /// <summary>The root is the right one, but the bytes have been changed, or what they hold breaks the format.</summary>
    Damaged,

    /// <summary>The replicas belong to different clusters.</summary>
    Mixed,
}

/// <summary>What can be read of a keyring without its root; not authenticated until it is opened.</summary>
/// <param name="Identity">The cluster it belongs to.</param>
/// <param name="Generation">Counts its changes: of several replicas the highest is the newest.</param>
public readonly record struct KeyringHeader(UInt128 Identity, ulong Generation);
