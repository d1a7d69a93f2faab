// SPDX-License-Identifier: BSL-1.0
/* The protocol of a start, of two starts at a time, and of a stop beside them: who locks, writes,
 * reports and answers in which order, where each process may be killed between any two steps.
 *
 *   tests/protocol/check        checks it, and that it finds the mistakes below
 *
 * A step is followed by a comment "@ PROCESS CALL | FUNCTION": the system call that it stands for, and
 * the function of the library that makes it. tests/protocol/check compares the order of these calls
 * with those of a real start.
 *
 * -DNO_RECHECK, -DNO_ACK, -DNO_BYTE_1, -DNO_OWNER   leave a step out, to see that it is needed
 * -DSTARTS=n -DKILLS=n -DCANCELS=n -DSTOPS=n        how much happens
 *
 * Simplified: the pid file's directory is writable (no file is taken in place), a stop waits without a
 * limit, a launcher that gives up ends its daemon in one step, and a start that finds the file held
 * says so at once. */

#ifndef STARTS
#define STARTS 2
#endif
#ifndef KILLS
#define KILLS 1
#endif
#ifndef CANCELS
#define CANCELS 1
#endif
#ifndef STOPS
#define STOPS 1
#endif

#define FILES 7
#define NOBODY 0
#define POSIX(k) (10 + (k)) /* what byte 1 says of the daemon k; of the start k it is k */

mtype = { ready, failed };
mtype = { runs, said_0, said_failure, was_killed };

/* Names and files. A file is its inode's number, 0 is none. */
byte path = 0, draft = 0, files = 0;
byte number[FILES + 1];  /* written in it: k is the number of daemon k */
byte byte_0[FILES + 1];  /* OFD lock of the start k */
byte byte_1[FILES + 1];

/* Processes. */
byte mine[STARTS + 1];      /* the file of this start */
byte holders[STARTS + 1];   /* how many processes have the descriptor with its OFD locks */
mtype launcher[STARTS + 1];
bool launcher_lives[STARTS + 1], daemon_lives[STARTS + 1], worker_lives[STARTS + 1];
bool serves[STARTS + 1], has_ended[STARTS + 1], daemon_was_killed[STARTS + 1];
bool cancelled[STARTS + 1];    /* a signal is pending at the launcher */
bool told_to_end[STARTS + 1];  /* and at the daemon */
bool is_stranger[STARTS + 1];  /* daemon k is gone, and another process has its number */
byte kills = 0, cancels = 0;

/* The report: a socket pair. What was sent stays when its sender dies. */
chan report[STARTS + 1] = [2] of { mtype };
bool answer[STARTS + 1];

inline unlock_all_of(holder) {
    byte f = 1;
    do
    :: f <= FILES ->
        if
        :: byte_0[f] == holder -> byte_0[f] = NOBODY
        :: else
        fi;
        if
        :: byte_1[f] == holder -> byte_1[f] = NOBODY
        :: else
        fi;
        f++
    :: else -> break
    od;
    f = 0
}

/* One of those who have the descriptor is gone. */
inline close_file(k) {
    holders[k]--;
    if
    :: holders[k] == 0 -> unlock_all_of(k)
    :: else
    fi
}

inline launcher_ends(k, how) {
    d_step {
        launcher[k] = how;
        launcher_lives[k] = false;
        if
        :: holders[k] > 0 -> close_file(k)
        :: else
        fi
    }
}

inline daemon_ends(k) {
    d_step {
        serves[k] = false;
        daemon_lives[k] = false;
        unlock_all_of(POSIX(k));
        close_file(k)
    }
}

#define has_a_writer(file) (byte_0[file] != NOBODY || byte_1[file] != NOBODY)

proctype Launcher(byte k) {
    byte seen = 0, tries = 0;
    {
        skip;
again:
        tries++;
        if
        :: tries > 2 -> goto refused
        :: else
        fi;
        seen = path; /* @ launcher fstatat PATH | put_draft_in_place */
        if
        :: seen != 0 && has_a_writer(seen) -> goto refused /* | has_a_writer */
        :: else
        fi;
        d_step { /* @ launcher openat PATH.new | put_draft_in_place */
            if
            :: draft == 0 -> files++; draft = files
            :: else
            fi;
            mine[k] = draft
        }
        if
        :: d_step { !has_a_writer(mine[k]) -> /* @ launcher lock 0 2 | lock_for_start */
               byte_0[mine[k]] = k;
               byte_1[mine[k]] = k;
               holders[k] = 1
           }
        :: has_a_writer(mine[k]) -> goto refused
        fi;
#ifndef NO_RECHECK
        if
        :: draft != mine[k] -> /* @ launcher fstatat PATH.new | put_draft_in_place */
            d_step { close_file(k) };
            goto again
        :: else
        fi;
        if
        :: seen != 0 ->
            if
            :: d_step { !has_a_writer(seen) -> byte_0[seen] = k; byte_1[seen] = k } /* | lock_for_start */
            :: has_a_writer(seen) ->
                draft = 0;
                d_step { close_file(k) };
                goto again
            fi
        :: else
        fi;
        if
        :: path != seen -> /* @ launcher fstatat PATH | put_draft_in_place */
            draft = 0;
            d_step { close_file(k) };
            goto again
        :: else
        fi;
#endif
        d_step { /* @ launcher renameat2 PATH.new | put_draft_in_place */
            path = mine[k];
            draft = 0;
            if
            :: seen != 0 && byte_0[seen] == k -> byte_0[seen] = NOBODY; byte_1[seen] = NOBODY
            :: else
            fi
        }
        atomic { /* @ launcher vfork | fork_daemon */
            daemon_lives[k] = true;
            holders[k]++;
            run Daemon(k)
        }
        do
        :: report[k]?ready -> /* @ launcher recvmsg | receive */
            if
            :: !daemon_lives[k] -> goto undo /* @ launcher waitid | is_alive */
            :: else
            fi;
            if
            :: cancelled[k] -> goto cancel /* @ launcher sigpending | accept */
            :: else
            fi;
            if
            :: d_step { daemon_lives[k] -> answer[k] = true } /* @ launcher sendto | acknowledge */
            :: !daemon_lives[k] -> goto undo
            fi;
            launcher_ends(k, said_0); /* @ launcher exit_group | wait_for_outcome */
            goto gone
        :: report[k]?failed -> !daemon_lives[k]; goto undo /* | let_leave */
        :: !daemon_lives[k] && empty(report[k]) -> goto undo /* | has_died */
        :: cancelled[k] -> goto cancel /* | look */
        od;
cancel: /* | end_all */
        if
        :: atomic { daemon_lives[k] -> daemon_ends(k) }
        :: !daemon_lives[k]
        fi;
        if
        :: d_step { worker_lives[k] -> worker_lives[k] = false; close_file(k) }
        :: !worker_lives[k]
        fi;
undo: /* | remove_pid_file */
        if
        :: path == mine[k] -> path = 0
        :: else
        fi;
        launcher_ends(k, said_failure);
        goto gone;
refused: /* | PatientNaming */
        launcher_ends(k, said_failure);
gone:
        skip
    } unless { launcher[k] == was_killed }
}

proctype Daemon(byte k) {
    {
        number[mine[k]] = k;         /* @ daemon pwrite | WritePidFile */
        byte_1[mine[k]] = NOBODY;    /* @ daemon unlock 1 1 | OpenPidFileToReaders */
        byte_1[mine[k]] = POSIX(k);  /* @ daemon lock 1 1 | OpenPidFileToReaders */
        if
        :: report[k]!failed; goto undo /* | fail */
        :: d_step { worker_lives[k] = true; holders[k]++ } /* the program forks a worker */
        :: skip
        fi;
#ifdef NO_ACK
        report[k]!ready;
#else
        if
        :: launcher_lives[k] -> report[k]!ready /* @ daemon sendto | announce */
        :: else -> goto undo
        fi;
        if
        :: answer[k] -> skip /* @ daemon recvfrom | announce */
        :: !launcher_lives[k] && !answer[k] -> goto undo /* | abandon */
        fi;
#endif
        d_step {
            serves[k] = true;
            assert(path == mine[k] && number[path] == k);
            assert(byte_0[path] == k && byte_1[path] == POSIX(k));
            byte o = 1;
            do
            :: o <= STARTS -> assert(o == k || !serves[o]); o++
            :: else -> break
            od;
            o = 0
        }
end_serving:
        told_to_end[k];
        serves[k] = false;
undo: /* | remove_pid_file */
        if
        :: path == mine[k] -> path = 0
        :: else
        fi;
        has_ended[k] = true;
        atomic { daemon_lives[k] -> daemon_ends(k) }
    } unless { !daemon_lives[k] }
}

/* What a worker does that takes itself for the daemon: it leaves by the daemon's way. */
proctype Worker(byte k) {
end_idle:
    worker_lives[k];
end_working:
    if
#ifdef NO_OWNER
    :: path == mine[k] -> path = 0
#endif
    :: d_step { worker_lives[k] -> worker_lives[k] = false; close_file(k) }
    fi
}

proctype Stop() {
    byte file = 0, named = 0;
    bool means_stranger = false;
    file = path; /* | PidFileView */
    if
    :: file == 0 -> goto done
    :: else
    fi;
    named = number[file]; /* | read_pid */
    if
#ifndef NO_BYTE_1
    :: named == 0 || byte_1[file] != POSIX(named) -> goto done /* | daemon_that_holds */
#else
    :: named == 0 -> goto done
#endif
    :: else
    fi;
    if
    :: is_stranger[named] -> means_stranger = true /* | open_process */
    :: !is_stranger[named] && !daemon_lives[named] -> goto done
    :: else
    fi;
#ifndef NO_BYTE_1
    if
    :: byte_1[file] != POSIX(named) -> goto done /* | holder */
    :: else
    fi;
#endif
    assert(!means_stranger); /* | signal_process */
    if
    :: daemon_lives[named] -> told_to_end[named] = true
    :: else
    fi;
end_waiting:
    !daemon_lives[named]; /* | wait_until_gone */
done:
    skip
}

/* KILL for whoever it meets, at any moment; and signals that cancel. */
proctype Fate() {
    byte k;
end_fate:
    do
    :: kills < KILLS ->
        select(k : 1 .. STARTS);
        if
        :: atomic { launcher_lives[k] -> kills++; launcher_ends(k, was_killed) }
        :: atomic {
               daemon_lives[k] -> kills++; daemon_was_killed[k] = true; daemon_ends(k)
           }
        :: !launcher_lives[k] && !daemon_lives[k]
        fi
    :: cancels < CANCELS ->
        select(k : 1 .. STARTS);
        if
        :: launcher_lives[k] -> cancels++; cancelled[k] = true
        :: else
        fi
    :: else -> break
    od
}

/* The number of a daemon that is gone is another process's, perhaps. */
proctype Kernel(byte k) {
end_number:
    d_step { (daemon_was_killed[k] || has_ended[k]) && !daemon_lives[k] && !launcher_lives[k] ->
        is_stranger[k] = true }
}

init {
    byte k = 1;
    atomic {
        do
        :: k <= STARTS ->
            launcher[k] = runs;
            launcher_lives[k] = true;
            k++
        :: else -> break
        od;
        k = 1;
        do
        :: k <= STARTS -> run Launcher(k); run Worker(k); run Kernel(k); k++
        :: else -> break
        od;
        if
        :: STOPS > 0 -> run Stop()
        :: else
        fi;
        run Fate()
    }
    timeout -> /* nobody can go on any more */
    d_step {
        k = 1;
        do
        :: k <= STARTS ->
            assert(launcher[k] != runs); /* nobody waits for ever */
            assert(launcher[k] != said_0 || serves[k] || has_ended[k] || daemon_was_killed[k]);
            assert(launcher[k] != said_failure || !daemon_lives[k]);
            assert(launcher[k] != was_killed || !daemon_lives[k] || (serves[k] && answer[k]));
            assert(!serves[k] || (path == mine[k] && number[path] == k &&
                                  byte_0[path] == k && byte_1[path] == POSIX(k)));
            k++
        :: else -> break
        od;
        assert(draft == 0 || kills > 0);
        assert(path == 0 || kills > 0 || byte_1[path] == POSIX(number[path]))
    }
}
