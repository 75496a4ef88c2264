namespace Oort.Evm.Tests.Keys;

/// <summary>Both implementations of the curve.</summary>
internal static class Curves
{
    public static ISecp256k1 Of(bool isNative) => isNative
        ? NativeSecp256k1.TryLoad() ?? throw new InvalidOperationException("libsecp256k1.so.1 is not there; build.sh installs it (Debian: apt-get install libsecp256k1-1).")
        : new ManagedSecp256k1();
}
