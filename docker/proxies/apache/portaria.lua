-- Removes what a client claims about itself, and asks portaria who the visitor is before a request goes to the store. The
-- identity headers are then those of the answer. Whatever goes wrong, the request does not pass.

local has_socket, socket = pcall(require, "socket")

-- Which headers of the answer name the visitor to the store.
local identity = {
    "X-Auth-Email", "X-Auth-Name", "X-Auth-Uid", "X-Auth-Provider", "X-Auth-Store", "X-Auth-App", "X-Auth-Scope",
}

-- What the question repeats of the request.
local asked_with = { "Cookie", "Authorization", "VtexIdclientAutCookie", "Accept", "Sec-Fetch-Mode", "User-Agent" }

local scheme, host = os.getenv("PUBLIC_SCHEME"), os.getenv("PUBLIC_HOST")
local broker_address, broker_port = os.getenv("BROKER_ADDRESS"), os.getenv("BROKER_PORT")
local is_complete = has_socket and scheme and host and broker_address and broker_port
-- Where mod_proxy sends a request that is the broker's own.
local broker_pages = is_complete and "proxy:http://" .. broker_address .. ":" .. broker_port .. "/"

-- In seconds: for the connection, and for the question with everything.
local patience_of_connection, patience = 2, 4
local longest_body, most_headers = 65536, 100

-- The connection that is kept for the next question. Given up before the broker gives it up.
local kept, kept_until = nil, 0
local keeping = 20

-- One answer from a connection: its status and its headers by their names in lower case, each a list. Nothing unless it is whole.
local function read_answer(connection, deadline)
    local function receive(what)
        connection:settimeout(math.max(deadline - socket.gettime(), 0), "t")
        return connection:receive(what)
    end
    local first, fault = receive("*l")
    if not first then
        return nil, fault
    end
    local status = first:match("^HTTP/1%.1 (%d%d%d)%f[%D]")
    if not status then
        return nil, "no HTTP"
    end
    local headers = {}
    for _ = 1, most_headers do
        local line = receive("*l")
        if not line then
            return nil, "cut off"
        end
        if line == "" then
            local lengths = headers["content-length"] or {}
            local length = #lengths == 1 and #lengths[1] < 8 and tonumber(lengths[1]:match("^%d+$"))
            local is_closing = (headers["connection"] and headers["connection"][1]:lower():find("close")) or headers["transfer-encoding"]
                or not length or length > longest_body
            -- Of the body nothing is needed but that it is gone before the next answer.
            if is_closing or (length > 0 and not receive(length)) then
                connection:close()
            else
                kept, kept_until = connection, socket.gettime() + keeping
            end
            return { status = tonumber(status), headers = headers }
        end
        local name, value = line:match("^([%w%-]+):[ \t]*(.-)[ \t]*$")
        if not name then
            return nil, "no header"
        end
        name = name:lower()
        headers[name] = headers[name] or {}
        table.insert(headers[name], value)
    end
    return nil, "too many headers"
end

-- The broker's answer to the question, or nothing.
local function ask(question)
    local deadline = socket.gettime() + patience
    -- A kept connection may have been closed by the broker meanwhile: then the question is asked once more, over a new one.
    for _, is_kept in ipairs({ true, false }) do
        local connection
        if is_kept then
            connection, kept = kept, nil
            -- What can be read by now is no answer to a question that was not asked: an end, or what the last answer left over.
            if connection and (socket.gettime() > kept_until or connection:dirty() or #socket.select({ connection }, nil, 0) > 0) then
                connection:close()
                connection = nil
            end
        else
            connection = socket.tcp()
            connection:settimeout(patience_of_connection)
            if not connection:connect(broker_address, tonumber(broker_port)) then
                connection:close()
                return nil
            end
            connection:setoption("tcp-nodelay", true)
        end
        if connection then
            connection:settimeout(math.max(deadline - socket.gettime(), 0), "t")
            local answer, fault
            if connection:send(question) then
                answer, fault = read_answer(connection, deadline)
            else
                fault = "closed"
            end
            if answer then
                return answer
            end
            connection:close()
            if not is_kept or fault ~= "closed" then
                return nil
            end
        end
    end
    return nil
end

-- What a header holds; nothing unless there is exactly one.
local function only(answer, name)
    local values = answer.headers[name:lower()]
    return values and #values == 1 and values[1] or nil
end

-- Removes what the client must not say, and writes what was forwarded. `Connection` could name a header to be thrown away
-- further on: the session cookie, or what portaria said.
local function prepare(r)
    for name in pairs((r:headers_in_table())) do
        local plain = name:lower()
        if plain:find("^x[^a-z0-9]auth") or plain:find("^x[^a-z0-9]forwarded") or plain:find("^portaria[^a-z0-9]visitor")
            -- Some programs take the path from these in the place of the one that was asked about.
            or plain:find("^x[^a-z0-9]original[^a-z0-9]url") or plain:find("^x[^a-z0-9]rewrite[^a-z0-9]url")
            or plain == "forwarded" then
            r.headers_in[name] = nil
        end
    end
    local is_websocket = (r.headers_in["Upgrade"] or ""):lower() == "websocket"
    local is_last = (r.headers_in["Connection"] or ""):lower():find("%f[%w]close%f[%W]")
    r.headers_in["Upgrade"] = is_websocket and "websocket" or nil
    r.headers_in["Connection"] = is_websocket and "upgrade" or is_last and "close" or nil
    r.headers_in["X-Forwarded-For"] = r.useragent_ip
    -- The broker's log would name the request as the client likes.
    r.headers_in["X-Request-Id"] = nil
    -- A visitor who names a trace would decide what is kept of it.
    r.headers_in["Traceparent"] = nil
    r.headers_in["Tracestate"] = nil
    r.headers_in["X-Forwarded-Proto"] = scheme
    r.headers_in["X-Forwarded-Host"] = host
    r.headers_in["X-Forwarded-Uri"] = r.unparsed_uri
    r.headers_in["X-Forwarded-Method"] = r.method
end

-- The question: a GET without a body, over a connection that may be kept.
local function question_of(r)
    local lines = { "GET /auth?redirect&optional HTTP/1.1", "Host: " .. host }
    local function add(name, value)
        if value and not value:find("[\r\n\0]") then
            table.insert(lines, name .. ": " .. value)
        end
    end
    for _, name in ipairs(asked_with) do
        add(name, r.headers_in[name])
    end
    for _, name in ipairs({ "For", "Proto", "Host", "Uri", "Method" }) do
        add("X-Forwarded-" .. name, r.headers_in["X-Forwarded-" .. name])
    end
    return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

-- An answer of this program instead of the store's.
local function refuse(r, status, cookies)
    if not r.headers_in["Content-Length"] and not r.headers_in["Transfer-Encoding"] then
        return status
    end
    -- Apache would wait for the whole body before it answers. This answer goes out at once, and the connection ends with it.
    -- No filter of mod_headers sees it.
    r.err_headers_out["Set-Cookie"], r.headers_out["Set-Cookie"] = cookies[1], cookies[2]
    r.subprocess_env["nokeepalive"] = "1"
    r.status = status
    r:flush()
    return apache2.DONE
end

function check(r)
    if not is_complete then
        r:err(has_socket and "portaria: a variable of portaria.conf is not in the environment" or "portaria: LuaSocket is missing: " .. socket)
        return 500
    end
    -- The public host and no other. A request of a whole address, as of an open proxy, is none of ours.
    if r.headers_in["Host"] ~= host then
        return 421
    end
    if r.unparsed_uri:sub(1, 1) ~= "/" then
        return 400
    end
    prepare(r)
    if (r.filename or ""):sub(1, #broker_pages) == broker_pages then
        return apache2.DECLINED
    end

    local answer = ask(question_of(r))
    if not answer then
        return refuse(r, 503, {})
    end
    local cookies = answer.headers["set-cookie"] or {}
    for at, cookie in ipairs(cookies) do
        r.subprocess_env["PORTARIA_COOKIE_" .. at] = cookie
    end
    -- Only an answer of the broker lets a request pass: some other program might say 200 to everything.
    local named = (only(answer, "X-Auth-Uid") or "") .. (only(answer, "X-Auth-App") or "")
    if answer.status == 200 and named ~= "" then
        for _, name in ipairs(identity) do
            r.headers_in[name] = only(answer, name) or ""
        end
        return apache2.DECLINED
    elseif answer.status == 200 and only(answer, "Portaria-Visitor") == "guest" then
        return apache2.DECLINED
    elseif answer.status == 302 and only(answer, "Location") then
        r.err_headers_out["Cache-Control"] = "no-store"
        r.err_headers_out["Location"] = only(answer, "Location")
        return refuse(r, 302, cookies)
    elseif answer.status == 401 then
        r.err_headers_out["Cache-Control"] = "no-store"
        r.err_headers_out["WWW-Authenticate"] = only(answer, "WWW-Authenticate")
        return refuse(r, 401, cookies)
    end
    return refuse(r, 503, cookies)
end
