using System.Reflection;
using System.Runtime.CompilerServices;

namespace Oort.Tidy.PublicSurface;

/// <summary>Writes what a library offers to others, a line for each type and member, in ordinal order.</summary>
internal static class SurfaceWriter
{
    private static readonly Dictionary<Type, string> keywords = new()
    {
        [typeof(void)] = "void",
        [typeof(object)] = "object",
        [typeof(string)] = "string",
        [typeof(bool)] = "bool",
        [typeof(char)] = "char",
        [typeof(byte)] = "byte",
        [typeof(sbyte)] = "sbyte",
        [typeof(short)] = "short",
        [typeof(ushort)] = "ushort",
        [typeof(int)] = "int",
        [typeof(uint)] = "uint",
        [typeof(long)] = "long",
        [typeof(ulong)] = "ulong",
        [typeof(float)] = "float",
        [typeof(double)] = "double",
    };

    /// <summary>Every record and every exception has these: they say nothing of the type.</summary>
    private static readonly HashSet<string> unsaid = ["IEquatable", "ISerializable"];

    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static string Write(Assembly assembly)
    {
        var blocks = assembly.GetExportedTypes().OrderBy(Name, StringComparer.Ordinal).Select(type => string.Join('\n', [Head(type), .. Members(type).Order(StringComparer.Ordinal)]));
        return string.Join("\n\n", blocks) + "\n";
    }

    private static string Head(Type type)
    {
        var kind = type switch
        {
            { IsEnum: true } => "enum",
            { IsInterface: true } => "interface",
            { IsValueType: true } => "struct",
            _ when type.IsSubclassOf(typeof(Delegate)) => "delegate",
            { IsAbstract: true, IsSealed: true } => "static class",
            { IsSealed: true } => "sealed class",
            { IsAbstract: true } => "abstract class",
            _ => "class",
        };
        var bases = new List<string>();
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && parent != typeof(Enum) && parent != typeof(MulticastDelegate)) bases.Add(Name(parent));
        if (!type.IsEnum) bases.AddRange(type.GetInterfaces().Where(item => !unsaid.Contains(item.Name.Split('`')[0])).Select(Name).Order(StringComparer.Ordinal));
        return $"{kind} {Name(type)}{(bases.Count > 0 ? " : " + string.Join(", ", bases) : "")}";
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsSubclassOf(typeof(Delegate)))
        {
            yield return "    " + Method(type.GetMethod("Invoke")!);
            yield break;
        }
        foreach (var field in type.GetFields(Declared).Where(field => Visible(field) && !field.IsSpecialName))
        {
            var value = field.IsLiteral ? $" = {field.GetRawConstantValue() ?? "null"}" : "";
            yield return type.IsEnum
                ? $"    {field.Name}{value}"
                : $"    {(field.IsLiteral ? "const " : field.IsStatic ? "static " : "")}{Name(field.FieldType)} {field.Name}{value}";
        }
        foreach (var constructor in type.GetConstructors(Declared).Where(Visible)) yield return $"    new({Parameters(constructor)})";
        foreach (var property in type.GetProperties(Declared).Where(property => property.GetAccessors(true).Any(Visible)))
        {
            var accessors = property.GetAccessors(true).Where(Visible).ToList();
            var index = property.GetIndexParameters();
            var name = index.Length == 0 ? property.Name : $"this[{string.Join(", ", index.Select(Parameter))}]";
            var get = property.GetMethod is { } getter && Visible(getter) ? " get;" : "";
            var set = property.SetMethod is { } setter && Visible(setter)
                ? setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) ? " init;" : " set;"
                : "";
            yield return $"    {(accessors[0].IsStatic ? "static " : "")}{Name(property.PropertyType)} {name} {{{get}{set} }}";
        }
        foreach (var item in type.GetEvents(Declared).Where(item => item.AddMethod is { } add && Visible(add))) yield return $"    event {Name(item.EventHandlerType!)} {item.Name}";
        // What the compiler writes for records says nothing that the record's properties do not.
        foreach (var method in type.GetMethods(Declared).Where(method => Visible(method) && !IsAccessor(method) && !method.IsDefined(typeof(CompilerGeneratedAttribute))))
            yield return "    " + Method(method);
    }

    private static string Method(MethodInfo method)
    {
        var generic = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(Name))}>" : "";
        return $"{(method.IsStatic ? "static " : "")}{Name(method.ReturnType)} {method.Name}{generic}({Parameters(method)})";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        var mode = parameter.ParameterType.IsByRef ? parameter.IsOut ? "out " : parameter.IsIn ? "in " : "ref " : "";
        return $"{mode}{Name(parameter.ParameterType)} {parameter.Name}{(parameter.HasDefaultValue ? " = …" : "")}";
    }

    private static string Name(Type type)
    {
        if (type.IsByRef) return Name(type.GetElementType()!);
        if (type.IsPointer) return Name(type.GetElementType()!) + "*";
        if (type.IsArray) return Name(type.GetElementType()!) + "[]";
        if (type.IsGenericParameter) return type.Name;
        if (keywords.TryGetValue(type, out var keyword)) return keyword;
        if (Nullable.GetUnderlyingType(type) is { } inner) return Name(inner) + "?";
        var name = type.IsNested ? $"{Name(type.DeclaringType!)}.{type.Name}" : type.Namespace?.StartsWith("Oort", StringComparison.Ordinal) == true ? type.FullName ?? type.Name : type.Name;
        var tick = name.IndexOf('`', StringComparison.Ordinal);
        if (tick >= 0) name = name[..tick];
        if (name.Contains('[', StringComparison.Ordinal)) name = name[..name.IndexOf('[', StringComparison.Ordinal)];
        return type.IsGenericType ? $"{name}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>" : name;
    }

    private static bool IsAccessor(MethodInfo method) => method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);

    private static bool Visible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool Visible(FieldInfo field) => field.IsPublic || field.IsFamily || field.IsFamilyOrAssembly;
}
