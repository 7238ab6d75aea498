//! Every script. Each has one key, so that it runs on whichever node of a cluster has that, and what varies are its arguments.
//!
//! A script does one thing, and only where the row is plainly what it is for; else it answers with the row as far as [`SEEN`](crate::row::SEEN),
//! and the store judges. An answer begins with `D` when it was done and with `N` when it was not.

use std::sync::LazyLock;

use redis::{Cmd, Script};

/// A script, and the hash by which a server knows it.
pub(crate) struct Lua(LazyLock<Script>, &'static str);

macro_rules! scripts {
    ($($(#[$about:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$about])* pub(crate) static $name: Lua = Lua(LazyLock::new(|| Script::new($text)), $text);)*
        #[cfg(test)]
        const ALL: &[&Lua] = &[$(&$name),*];
    };
}

/// Goes on where there is a session that lives at `ARGV[1]` and that nothing is about to end.
macro_rules! live {
    ($($rest:literal),*) => { concat!("
local v = redis.call('GETRANGE', KEYS[1], 0, 663)
if string.sub(v, 1, 2) ~= 'L1' or string.sub(v, 3, 22) <= ARGV[1] or string.sub(v, 114, 129) ~= '----------------' then
  return 'N' .. v
end", $($rest),*) };
}

scripts! {
    /// `now, version, next version, write, binding, deadlines, idle timeout, user with length, data, ttl`: the content of a session. Without
    /// a binding only where the user stays and the lifetime does not grow.
    UPDATE = live!("
if string.sub(v, 63, 81) ~= ARGV[2] then return 'N' .. v end
local bind = ARGV[5]
if bind == '' then
  local user = string.sub(v, 150, 152 + tonumber(string.sub(v, 150, 152)))
  if user ~= ARGV[8] or (user ~= '000' and string.sub(ARGV[6], 21) > string.sub(v, 23, 42)) then return 'N' .. v end
  bind = string.sub(v, 98, 113)
end
redis.call('SET', KEYS[1], 'L1' .. ARGV[6] .. string.sub(v, 43, 62) .. ARGV[3] .. ARGV[4] .. bind .. '----------------'
  .. ARGV[7] .. ARGV[8] .. ARGV[9], 'PX', ARGV[10])
return 'D'");

    /// `now, expires_at, slack`: a later end of the idle time, forwards only, and no further than the end of the lifetime.
    TOUCH = live!("
local e = ARGV[2]
if e > string.sub(v, 23, 42) then e = string.sub(v, 23, 42) end
if e > string.sub(v, 3, 22) then
  redis.call('SETRANGE', KEYS[1], 2, e)
  redis.call('PEXPIRE', KEYS[1], math.floor((tonumber(e) - tonumber(ARGV[1])) / 1000) + ARGV[3])
end
return 'D'");

    /// `now, version or none, tombstone, ttl`.
    DELETE = live!("
if ARGV[2] ~= '' and string.sub(v, 63, 81) ~= ARGV[2] then return 'N' .. v end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return 'D' .. v");

    /// `now, write, head of the moved row`: where a rotation is done. The row stays as long as the session would.
    ROTATE = live!("
if string.sub(v, 82, 97) ~= ARGV[2] then return 'N' .. v end
local moved = ARGV[3] .. redis.call('GET', KEYS[1])
redis.call('SET', KEYS[1], moved, 'KEEPTTL')
return 'D' .. moved");

    /// `write, another`: has rotations that have seen this write fail.
    UNSEE = "
if redis.call('GETRANGE', KEYS[1], 0, 1) ~= 'L1' or redis.call('GETRANGE', KEYS[1], 81, 96) ~= ARGV[1] then return 'N' end
redis.call('SETRANGE', KEYS[1], 81, ARGV[2])
return 'D'";

    /// `start, row, ttl`: puts a row where there is one that starts so, and nothing where the row is empty.
    SWAP = "
if redis.call('GETRANGE', KEYS[1], 0, string.len(ARGV[1]) - 1) ~= ARGV[1] then return 'N' end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 'D'";

    /// `start, tombstone, ttl`: buries what starts so and cannot be read, or is of another type.
    BURY = "
local t = redis.call('TYPE', KEYS[1]).ok
if t == 'none' then return 'N' end
if t == 'string' and redis.call('GETRANGE', KEYS[1], 0, 663) ~= ARGV[1] then return 'N' end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 'D'";

    /// `now, since`: deletes a session that has expired, or a tombstone of then or before.
    CLEAN = "
local v = redis.call('GETRANGE', KEYS[1], 0, 663)
local s = string.sub(v, 1, 2)
if (s == 'L1' and string.sub(v, 3, 22) <= ARGV[1] and string.sub(v, 114, 129) == '----------------')
  or (s == 'T1' and string.sub(v, 3, 22) <= ARGV[2]) then
  redis.call('DEL', KEYS[1])
  return 'D' .. v
end
return 'N' .. v";

    /// `now, ending, user with length, a dead ending or none`: marks a user's session as to be ended.
    MARK = "
local v = redis.call('GETRANGE', KEYS[1], 0, 663)
local m = string.sub(v, 114, 129)
if string.sub(v, 1, 2) == 'L1' and string.sub(v, 3, 22) > ARGV[1] and (m == '----------------' or m == ARGV[2] or m == ARGV[4])
  and string.sub(v, 150, 152 + tonumber(string.sub(v, 150, 152))) == ARGV[3] then
  redis.call('SETRANGE', KEYS[1], 113, ARGV[2])
  return 'D' .. v
end
return 'N' .. v";

    /// `ending`: takes its mark off.
    UNMARK = "
if redis.call('GETRANGE', KEYS[1], 0, 1) == 'L1' and redis.call('GETRANGE', KEYS[1], 113, 128) == ARGV[1] then
  redis.call('SETRANGE', KEYS[1], 113, '----------------')
end
return 'D'";

    /// `ending, tombstone, ttl`: ends a session that bears its mark; done as well where it was ended so before.
    END = "
local v = redis.call('GETRANGE', KEYS[1], 0, 128)
if string.sub(v, 1, 2) == 'L1' and string.sub(v, 114, 129) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 'D'
end
return v == ARGV[2] and 'D' or 'N'";

    /// `member, binding, ttl`: adds to a user's index, which lasts at least as long. A few members that cannot be there any more are dropped,
    /// so that what nobody ends does not gather.
    JOIN = "
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local some = redis.call('HRANDFIELD', KEYS[1], 8, 'WITHVALUES')
for i = 1, #some, 2 do
  if string.sub(some[i], 1, 1) == 'm' and tonumber(string.sub(some[i + 1], 17, 32)) < now then
    redis.call('HDEL', KEYS[1], some[i])
  end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. string.format('%016.0f%016.0f', now + ARGV[3], now))
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 'D'";

    /// `member, binding`: takes off a user's index what was added by this binding.
    LEAVE = "
local v = redis.call('HGET', KEYS[1], ARGV[1])
if v and string.sub(v, 1, 16) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end
return 'D'";

    /// `grace, member, value, ...`: takes off what has these values still and was added longer ago than that.
    PRUNE = "
local t = redis.call('TIME')
local before = t[1] * 1000 + math.floor(t[2] / 1000) - ARGV[1]
for i = 2, #ARGV, 2 do
  if tonumber(string.sub(ARGV[i + 1], 33, 48)) < before and redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    redis.call('HDEL', KEYS[1], ARGV[i])
  end
end
return 'D'";

    /// `ending, now`: begins to end all of a user's sessions, if there are any and no other end is on its way.
    BEGIN = "
local all = redis.call('HGETALL', KEYS[1])
if #all == 0 then return 'N' end
for i = 1, #all, 2 do
  if string.sub(all[i], 1, 1) == 'e' and all[i] ~= ARGV[1] then return 'N' end
end
redis.call('HSET', KEYS[1], ARGV[1], 'P' .. ARGV[2])
return 'D'";

    /// `ending`: where the end of all is done, unless it was called off.
    COMMIT = "
local v = redis.call('HGET', KEYS[1], ARGV[1])
if not v then return 'N' end
redis.call('HSET', KEYS[1], ARGV[1], 'C' .. string.sub(v, 2))
return 'D'";

    /// `ending`: calls an end of all off, unless it is done.
    CALL_OFF = "
local v = redis.call('HGET', KEYS[1], ARGV[1])
if v and string.sub(v, 1, 1) == 'C' then return 'N' end
redis.call('HDEL', KEYS[1], ARGV[1])
return 'D'";

    /// `ending, member, value, ...`: forgets an end of all that is done, and those whom it has ended.
    FINISH = "
redis.call('HDEL', KEYS[1], ARGV[1])
for i = 2, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then redis.call('HDEL', KEYS[1], ARGV[i]) end
end
return 'D'";
}

impl Lua {
    /// Runs it by its hash.
    pub(crate) fn by_hash(&self, key: &[u8]) -> Cmd {
        let mut cmd = redis::cmd("EVALSHA");
        cmd.arg(self.0.get_hash()).arg(1).arg(key);
        cmd
    }

    /// Runs it by its text, for a server that does not know it yet.
    pub(crate) fn by_text(&self, key: &[u8]) -> Cmd {
        let mut cmd = redis::cmd("EVAL");
        cmd.arg(self.1).arg(1).arg(key);
        cmd
    }
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn every_script_has_one_key() {
        for script in ALL {
            let calls = script.1.matches("redis.call('").count();
            let of_time = script.1.matches("redis.call('TIME')").count();
            assert_eq!(script.1.matches("', KEYS[1]").count(), calls - of_time, "{}", script.1);
            assert_eq!(script.1.matches("KEYS").count(), calls - of_time, "{}", script.1);
        }
    }

    #[test]
    fn a_script_is_known_by_what_it_says() {
        let mut hashes: Vec<&str> = ALL.iter().map(|script| script.0.get_hash()).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), ALL.len());
    }
}
