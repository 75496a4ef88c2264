namespace Oort.Objects.Placement;

/// <summary>Numbers that look random and are the same for the same input: placement can be replayed.</summary>
internal static class Hashing
{
    /// <summary>The output function of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): every bit of the input changes half of the output's.</summary>
    public static ulong Mix(ulong value)
    {
        value += 0x9e3779b97f4a7c15;
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }

    /// <summary>A number between 0 and 1, neither of them.</summary>
    public static double Unit(ulong mixed) => ((mixed >> 11) + 0.5) * (1.0 / (1UL << 53));
}
