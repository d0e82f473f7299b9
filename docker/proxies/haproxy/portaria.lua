-- Asks portaria who a visitor is, and tells HAProxy in the variable `txn.portaria`: "signed in" (the identity headers
-- are then those of the answer), "guest" (there are none), "login" (with the address in `txn.portaria_login`) or
-- "signed out". Whatever goes wrong leaves it unset, and haproxy.cfg lets nobody pass without it.

-- What the question repeats of the request. X-Forwarded-… were written by haproxy.cfg, not by the client.
local asked_with = {
    "cookie", "authorization", "vtexidclientautcookie", "accept", "sec-fetch-mode", "user-agent",
    "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-uri", "x-forwarded-method",
}

local identity = {
    "x-auth-email", "x-auth-name", "x-auth-uid", "x-auth-provider", "x-auth-store", "x-auth-app", "x-auth-scope",
}

-- The values of a header; HAProxy counts them from 0.
local function values(headers, name)
    local found, at = {}, 0
    while headers[name] and headers[name][at] do
        found[#found + 1] = headers[name][at]
        at = at + 1
    end
    return found
end

local function ask(txn)
    local request = txn.http:req_get_headers()
    local question = {}
    for _, name in ipairs(asked_with) do
        local found = values(request, name)
        if #found > 0 then
            question[name] = { table.concat(found, name == "cookie" and "; " or ", ") }
        end
    end

    local answer = core.httpclient():get{
        url = "http://" .. request["x-forwarded-host"][0] .. "/auth?redirect&optional",
        -- The server of haproxy.cfg, with whatever address its name has there.
        dst = core.backends["portaria_broker"].servers["broker"]:get_addr(),
        headers = question,
        timeout = 1000, -- in milliseconds; HAProxy asks up to four times
    }

    -- A session that the broker renewed or ended: haproxy.cfg tells the browser with whatever answer it gets.
    for at, cookie in ipairs(values(answer.headers, "set-cookie")) do
        txn:set_var("txn.portaria_cookie" .. at, cookie)
    end

    -- Only an answer of the broker opens the way: some other program might say 200 to everything.
    local named = (values(answer.headers, "x-auth-uid")[1] or "") .. (values(answer.headers, "x-auth-app")[1] or "")
    if answer.status == 200 and #named > 0 then
        for _, name in ipairs(identity) do
            txn.http:req_set_header(name, values(answer.headers, name)[1] or "")
        end
        txn:set_var("txn.portaria", "signed in")
    elseif answer.status == 200 and values(answer.headers, "portaria-visitor")[1] == "guest" then
        -- haproxy.cfg has removed what the client sent under these names.
        txn:set_var("txn.portaria", "guest")
    elseif answer.status == 302 and answer.headers["location"] then
        txn:set_var("txn.portaria_login", answer.headers["location"][0])
        txn:set_var("txn.portaria", "login")
    elseif answer.status == 401 then
        if answer.headers["www-authenticate"] then
            txn:set_var("txn.portaria_challenge", answer.headers["www-authenticate"][0])
        end
        txn:set_var("txn.portaria", "signed out")
    end
end

core.register_action("portaria", { "http-req" }, ask, 0)
