using System.Globalization;

namespace Oort.Evm;

/// <summary>One parameter of a function, event or error.</summary>
internal readonly record struct AbiParameter(AbiType Type, bool IsIndexed);

/// <summary>Reads types and signatures. These texts are part of a program, so a wrong one is a bug: <see cref="ArgumentException"/>.</summary>
internal ref struct AbiParser(string text)
{
    /// <summary>Tuples and arrays in each other.</summary>
    private const int DepthMax = 16;

    private const int ArrayCountMax = 1 << 15;

    private int position;

    /// <summary>"name(type,type indexed name,…)".</summary>
    public static (string Name, AbiParameter[] Parameters) ReadSignature(string text)
    {
        var parser = new AbiParser(text);
        var name = parser.ReadWord();
        if (name.Length == 0 || char.IsAsciiDigit(name[0])) throw parser.Wrong("a name");
        var parameters = parser.ReadParameters(0);
        parser.ExpectEnd();
        return (name, parameters);
    }

    /// <summary>"(type,type)".</summary>
    public static AbiType[] ReadTypes(string text)
    {
        var parser = new AbiParser(text);
        var parameters = parser.ReadParameters(0);
        parser.ExpectEnd();
        return [.. parameters.Select(parameter => parameter.Type)];
    }

    public AbiType ReadType(int depth)
    {
        if (depth > DepthMax) throw Wrong($"at most {DepthMax} types in each other");
        AbiType type;
        if (Peek() == '(')
        {
            var components = ReadParameters(depth + 1);
            if (components.Length == 0) throw Wrong("a tuple with fields");
            type = AbiType.TupleOf([.. components.Select(component => component.Type)]);
        }
        else
        {
            var name = ReadWord();
            type = AbiType.Elementary(name) ?? throw Wrong("a type");
        }

        for (; Peek() == '['; depth++)
        {
            if (depth >= DepthMax) throw Wrong($"at most {DepthMax} types in each other");
            position++;
            var digits = ReadWord();
            Expect(']');
            if (digits.Length == 0)
            {
                type = AbiType.ArrayOf(type, null);
                continue;
            }

            // An array of nothing would have any number of elements in no bytes.
            var isCount = digits[0] != '0' && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= ArrayCountMax;
            if (!isCount) throw Wrong($"a count from 1 to {ArrayCountMax}");
            type = AbiType.ArrayOf(type, int.Parse(digits, CultureInfo.InvariantCulture));
        }

        return type;
    }

    public readonly void ExpectEnd()
    {
        if (position < text.Length) throw Wrong("the end");
    }

    private AbiParameter[] ReadParameters(int depth)
    {
        Expect('(');
        var parameters = new List<AbiParameter>();
        if (Peek() != ')')
        {
            while (true)
            {
                var type = ReadType(depth);
                var isIndexed = false;
                // "indexed" and a name may follow.
                for (var words = 0; words < 2 && Peek() == ' '; words++)
                {
                    position++;
                    var word = ReadWord();
                    if (word.Length == 0) throw Wrong("a name");
                    if (word == "indexed" && words == 0) isIndexed = true;
                    else break;
                }

                parameters.Add(new(type, isIndexed));
                if (Peek() != ',') break;
                position++;
            }
        }

        Expect(')');
        return [.. parameters];
    }

    private string ReadWord()
    {
        var start = position;
        while (position < text.Length && (char.IsAsciiLetterOrDigit(text[position]) || text[position] is '_' or '$')) position++;
        return text[start..position];
    }

    private readonly char Peek() => position < text.Length ? text[position] : '\0';

    private void Expect(char expected)
    {
        if (Peek() != expected) throw Wrong($"'{expected}'");
        position++;
    }

    private readonly ArgumentException Wrong(string expected) => new($"\"{text}\" is no ABI text: {expected} should be at {position}.");
}
