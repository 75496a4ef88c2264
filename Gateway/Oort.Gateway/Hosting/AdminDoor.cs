using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Oort.Gateway;

/// <summary>Marks the connections that come to the administration's own address, whatever a request says in its Host.</summary>
internal sealed class AdminDoor
{
    private static readonly AdminDoor mark = new();

    private AdminDoor()
    {
    }

    public static void Mark(ListenOptions listen) => listen.Use(next => connection =>
    {
        connection.Features.Set(mark);
        return next(connection);
    });

    public static bool IsAt(HttpContext http) => http.Features.Get<AdminDoor>() is not null;
}
