namespace Oort.Erasure;

/// <summary>How many outputs a kernel makes, and whether the first is plain XOR. A type argument, so that each shape is compiled without its branches.</summary>
internal interface IGroupShape
{
    static abstract bool XorFirst { get; }

    /// <summary>1 … 4.</summary>
    static abstract int OutputCount { get; }
}

internal readonly struct XorAnd0 : IGroupShape
{
    public static bool XorFirst => true;
    public static int OutputCount => 1;
}

internal readonly struct XorAnd1 : IGroupShape
{
    public static bool XorFirst => true;
    public static int OutputCount => 2;
}

internal readonly struct XorAnd2 : IGroupShape
{
    public static bool XorFirst => true;
    public static int OutputCount => 3;
}

internal readonly struct XorAnd3 : IGroupShape
{
    public static bool XorFirst => true;
    public static int OutputCount => 4;
}

internal readonly struct Tables1 : IGroupShape
{
    public static bool XorFirst => false;
    public static int OutputCount => 1;
}

internal readonly struct Tables2 : IGroupShape
{
    public static bool XorFirst => false;
    public static int OutputCount => 2;
}

internal readonly struct Tables3 : IGroupShape
{
    public static bool XorFirst => false;
    public static int OutputCount => 3;
}

internal readonly struct Tables4 : IGroupShape
{
    public static bool XorFirst => false;
    public static int OutputCount => 4;
}
