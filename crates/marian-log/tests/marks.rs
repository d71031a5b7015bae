//! What a log says between its records is found behind every prefix, and nowhere else.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

mod support;

use marian_log::{present, Batch, EventKind, Parser};
use proptest::prelude::*;
use support::{log, PREFIXES};

/// Kind, line and text of every mark, in the order in which they come.
fn marks_of<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<(String, u64, String)> {
    let (mut parser, mut batch, mut found) = (Parser::new(), Batch::default(), Vec::new());
    parser.find_marks();
    let mut take = |batch: &mut Batch| {
        let mut text = 0;
        for event in &batch.events {
            if event.kind == EventKind::Mark {
                let words = |index| batch.texts.get(index).unwrap().to_owned();
                found.push((words(text), event.line as u64, words(text + 1)));
            }
            text += event.texts as usize;
        }
        batch.clear();
    };
    for chunk in chunks {
        parser.feed(chunk, &mut batch);
        take(&mut batch);
    }
    parser.finish(&mut batch);
    take(&mut batch);
    found
}

/// The marks of a log, which are the same byte by byte.
fn marks(log: &str) -> Vec<(String, u64, String)> {
    let whole = marks_of([log.as_bytes()]);
    assert_eq!(marks_of(log.as_bytes().chunks(1)), whole, "{log:?}");
    whole
}

fn mark(kind: &str, line: u64, text: &str) -> Vec<(String, u64, String)> {
    vec![(kind.to_owned(), line, text.to_owned())]
}

const STAMP: &str = "[2024-01-01 10:00:00] ";
/// A record, so that the log is Marian's.
const RECORD: &str = "Ep. 1 : Up. 500 : Sen. 50,000 : Cost 6.12345678 : Time 12.30s : 1234.50 words/s\n";

/// What Marian says, the kind, and how much of it is its text.
const WORDS: [(&str, &str); 24] = [
    ("Training started", "started"),
    ("Training finished", "finished"),
    ("Training finshed", "finished"),
    ("Training interrupted (via signal).", "interrupted"),
    ("Training interrupted (SIGTERM).", "interrupted"),
    ("Error: CUDA error 2 'out of memory' - /src/device.cu:32: cudaMalloc(&data_, size)", "error"),
    ("Saving model weights and runtime parameters to model.npz", "save"),
    ("Saving model to model/model.npz", "save"),
    ("Saving Adam parameters to model.npz.optimizer.npz", "save"),
    ("[training] Saving training checkpoint to model.npz and model.npz.optimizer.npz", "save"),
    ("Best translation 0 : Error: the dog", "translate"),
    ("Translating validation set...", "translate"),
    ("Total translation time: 12.3s", "score"),
    ("Loading model from model.npz", "load"),
    ("Decaying learning rate to 0.00015 in epoch 3", "decay"),
    ("[training] skipping 12-th update due to loss being nan", "skip"),
    ("NaN/Inf percentage 0.42 in 10 gradient updates, but cost-scaling factor 8 is already at minimum", "scale"),
    ("Detected training divergence: slow-moving average loss 4 exceeded by fast-moving average loss 9", "diverged"),
    ("Training diverged, but fallback is enabled. Attempting restart from the latest checkpoint", "diverged"),
    ("[MPI rank 0 out of 2] Training finished", "finished"),
    ("[valid] [valid] Error: no such thing", "error"),
    ("Starting epoch 2", "data"),
    ("Starting data epoch 2 in logical epoch 1.000", "data"),
    ("[data] Shuffling data", "data"),
];

/// What stays of a line's text.
fn said(words: &str) -> &str {
    let text = words.rsplit_once("] ").map_or(words, |(_, text)| text);
    text.strip_prefix("Error: ").unwrap_or(text)
}

#[test]
fn marians_words_count_directly_after_a_stamp_behind_every_prefix() {
    for prefix in PREFIXES.into_iter().chain(["anything at all ", "", "Hyp. x ", "Ep. 1 : Up. 5 "]) {
        for (words, kind) in WORDS {
            for stamp in [STAMP, "2019-08-15 08:21:33] ", "[2024-01-01 10:00:00 mpi:3] "] {
                let log = format!("{STAMP}{RECORD}{prefix}{stamp}{words}\r\n");
                assert_eq!(marks(&log), mark(kind, 2, said(words)), "{log:?}");
            }
            let coloured = format!("{prefix}{STAMP}\u{1b}[31m{words}\u{1b}[0m");
            assert_eq!(marks(&coloured), mark(kind, 1, said(words)), "{coloured:?}");
        }
    }
}

#[test]
fn in_a_log_without_stamps_they_count_at_the_start_of_a_line() {
    for prefix in PREFIXES {
        for (words, kind) in WORDS {
            // Before the first record and after it.
            let log = format!("{prefix}{words}\n{prefix}{RECORD}{prefix}{words}\n");
            let mut both = mark(kind, 1, said(words));
            both.extend(mark(kind, 3, said(words)));
            assert_eq!(marks(&log), both, "{log:?}");
        }
    }
    let log = format!("{RECORD}then came Training finished\nno Error: here\n");
    assert_eq!(marks(&log), []);
}

#[test]
fn in_a_log_with_stamps_they_do_not() {
    for prefix in PREFIXES {
        for (words, _) in WORDS {
            for log in [
                format!("{STAMP}{RECORD}{prefix}{words}\n"),
                format!("{prefix}{words}\n{STAMP}[marian] Marian v1.12.14 2d067af\n{prefix}{words}\n"),
            ] {
                assert_eq!(marks(&log), [], "{log:?}");
            }
        }
    }
}

#[test]
fn an_error_of_a_log_without_a_word_of_marians_is_not_marians() {
    assert_eq!(marks("Error: Unable to resolve action\nTraining finished\n"), mark("finished", 2, "Training finished"));
    assert_eq!(marks("[marian] Marian v1.12.14\nError: No such file\n"), mark("error", 2, "No such file"));
}

#[test]
fn texts_of_translations_hold_no_marks() {
    for speaker in ["[valid]   Hyp: ", "[valid]   Ref: ", "Hyp: ", "Source: ", "Translation : "] {
        for (words, _) in WORDS {
            for start in [STAMP, ""] {
                let first = if start.is_empty() { "" } else { STAMP };
                let log = format!("{first}{RECORD}{start}{speaker}{STAMP}{words}\n{start}{speaker}{words}\n");
                assert_eq!(marks(&log), [], "{log:?}");
            }
        }
    }
    // Of the many translations of a validation the first tells when it began.
    let log = format!(
        "{STAMP}{RECORD}{STAMP}Best translation 0 : a\n{STAMP}Best translation 1 : {STAMP}Training finished\n{STAMP}{RECORD}\
         {STAMP}Best translation 0 : b\n"
    );
    let mut both = mark("translate", 2, "Best translation 0 : a");
    both.extend(mark("translate", 5, "Best translation 0 : b"));
    assert_eq!(marks(&log), both);
}

const DEATHS: [&str; 166] = [
    "==4242==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000011 at pc 0x4f1 bp 0x7ff",
    "==4242==ERROR: AddressSanitizer: requested allocation size 0xfff exceeds maximum supported size",
    "AddressSanitizer:DEADLYSIGNAL",
    "SUMMARY: AddressSanitizer: SEGV /src/a.cpp:12 in marian::f()",
    "==4242==ABORTING",
    "==4242== Process terminating with default action of signal 11 (SIGSEGV)",
    "[12345.678901] NVRM: Xid (PCI:0000:3b:00): 79, pid=4242, GPU has fallen off the bus.",
    "Jan  1 10:00:00 node7 kernel: NVRM: Xid (PCI:0000:3b:00): 31, pid=4242, name=marian, Ch 00000008",
    "kernel: NVRM: GPU at PCI:0000:3b:00 has fallen off the bus.",
    "The node was low on resource: memory. Container main was using 60Gi, which exceeds its request of 0.",
    "Message:      The node was low on resource: ephemeral-storage.",
    "  Warning  Evicted    3m    kubelet    The node was low on resource: ephemeral-storage.",
    "Pod ephemeral local storage usage exceeds the total limit of containers 10Gi.",
    "Reason:       Evicted",
    "Message: Pod was terminated in response to imminent node shutdown.",
    "Pod was active on the node longer than the specified deadline",
    "ninja: build stopped: subcommand failed.",
    "Error in rule train_teacher:",
    "Exiting because a job execution failed. Look above for error message",
    "Error executing process > 'train (1)'",
    "ERROR: failed to reproduce 'train': failed to run: marian -c config.yml, exited with 137",
    "tcache_thread_shutdown(): unaligned tcache chunk detected",
    "malloc_consolidate(): unaligned fastbin chunk detected",
    "mremap_chunk(): invalid pointer",
    "Fatal glibc error: malloc assertion failure in sysmalloc: (old_top == initial_top (av) && old_size == 0)",
    "thread 'main' panicked at src/main.rs:10:5:",
    "thread 'main' panicked at 'index out of bounds: the len is 3', src/main.rs:10:5",
    "thread '<unnamed>' panicked at src/lib.rs:1:1:",
    "thread 'main' (4242) panicked at src/main.rs:10:5:",
    "thread 'main' has overflowed its stack",
    "memory allocation of 68719476736 bytes failed",
    "panic: runtime error: index out of range [3] with length 3",
    "Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space",
    "OSError: [Errno 28] No space left on device",
    "BrokenPipeError: [Errno 32] Broken pipe",
    "OSError: [Errno 122] Disk quota exceeded: 'model.npz'",
    "MemoryError",
    "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
    "tee: train.log: No space left on device",
    "train.sh: fork: Cannot allocate memory",
    "Out of memory!",
    "Killed by signal 15.",
    "Killed by signal 15",
    "Process 4242 killed by signal 9 (SIGKILL)",
    "bash: marian was killed by signal SIGKILL",
    "=   KILLED BY SIGNAL: 9 (Killed)",
    "The replica master 0 exited with a non-zero status of 137.",
    "TERM_OWNER: job killed by owner.",
    "(1) Job was evicted.",
    "Killed: 9",
    "Segmentation fault: 11",
    "Abort trap: 6",
    "Quit (core dumped)",
    "bash: line 7: 4242 Illegal instruction     (core dumped) marian",
    "fish: Job 1, 'marian -c config.yml' terminated by signal SIGKILL (Forced quit)",
    "bash: marian: command not found",
    "nohup: failed to run command 'marian': No such file or directory",
    "make: *** [train.mk:12: model.npz] Error 137",
    "make[1]: *** [Makefile:12: train] Killed",
    "gmake: *** [Makefile:3: model.npz] Segmentation fault (core dumped)",
    "train-1 exited with code 137",
    "Exited with exit code 137.",
    "    Reason:       OOMKilled",
    "OOMKilled",
    "[  123.456789] Out of memory: Killed process 4242 (marian) total-vm:1kB",
    "error: *** JOB 123 ON node7 CANCELLED AT 2024-01-01T10:00:00 ***",
    "*** JOB 123 ON node7 CANCELLED AT 2024-01-01T10:00:00 DUE TO NODE FAILURE ***",
    "subprocess.CalledProcessError: Command '['marian']' died with <Signals.SIGKILL: 9>.",
    "CUDA error 2 '/src/device.cu:32': out of memory",
    "CUDA runtime error (2): out of memory",
    "cuBLAS Error: 13 - prod.cu:12",
    "NCCL Error 1: unhandled cuda error",
    "*** Aborted at 1720000000 (unix time) try \"date -d @1720000000\" ***",
    "*** SIGSEGV (@0x0) received by PID 4242 (TID 0x7f) from PID 0; stack trace: ***",
    "Intel MKL FATAL ERROR: Cannot load libmkl_avx2.so or libmkl_def.so.",
    "ERROR: Job failed: exit code 137",
    "Error: Process completed with exit code 137.",
    "Segmentation fault (core dumped)",
    "Segmentation fault",
    "Aborted (core dumped)",
    "Aborted",
    "Killed",
    "Terminated",
    "Bus error (core dumped)",
    "Illegal instruction (core dumped)",
    "Floating point exception (core dumped)",
    "Trace/breakpoint trap (core dumped)",
    "CPU time limit exceeded (core dumped)",
    "Hangup",
    "train.sh: line 3:  1234 Killed                  marian --config config.yml",
    "./run/train.sh: line 26: 23870 Aborted                 (core dumped) $marian_home/marian --model model.npz",
    "/var/spool/slurmd/job123/slurm_script: line 12: 4242 Segmentation fault      (core dumped) marian -c c.yml",
    "/bin/bash: line 1:   77 Bus error               (core dumped) marian",
    "bash: line 1: 77 Terminated marian",
    "my script.sh: line 3:  1234 Killed                  marian",
    "train.sh: řádek 29:  9920 Neúspěšně ukončen (SIGABRT)        (core dumped [obraz paměti uložen]) $marian_home/marian",
    "train.sh: Zeile 29:  9920 Getötet                 marian",
    "[1]+  Killed                  marian -c config.yml",
    "[2]-  Segmentation fault      (core dumped) ./marian",
    "[1]    4242 killed     marian -c config.yml",
    "[1]  + 4242 segmentation fault (core dumped)  marian",
    "zsh: killed     marian -c config.yml",
    "zsh: segmentation fault (core dumped)  marian",
    "train.sh: line 3: marian: command not found",
    "train.sh: line 3: ./build/marian: No such file or directory",
    "train.sh: 3: ./build/marian: not found",
    "train.sh: line 3: /opt/marian/marian: Permission denied",
    "/opt/marian: error while loading shared libraries: libcudart.so.11.0: cannot open shared object file",
    "marian: symbol lookup error: marian: undefined symbol: _ZN5abcE",
    "marian: src/a.cpp:12: void f(): Assertion `size > 0' failed.",
    "terminate called after throwing an instance of 'std::bad_alloc'",
    "terminate called after throwing an instance of 'std::runtime_error'",
    "terminate called without an active exception",
    "  what():  CUDA error 2 'out of memory'",
    "libc++abi: terminating due to uncaught exception of type std::bad_alloc",
    "std::bad_alloc",
    "*** Error in `/opt/marian': double free or corruption (!prev): 0x0000000002a3e010 ***",
    "*** Error in './marian': free(): invalid pointer: 0x00007f ***",
    "double free or corruption (out)",
    "free(): invalid pointer",
    "free(): double free detected in tcache 2",
    "munmap_chunk(): invalid pointer",
    "malloc(): corrupted top size",
    "corrupted size vs. prev_size",
    "corrupted double-linked list",
    "*** stack smashing detected ***: terminated",
    "*** buffer overflow detected ***: marian terminated",
    "GPUassert: out of memory /src/tensors/gpu/device.cu 30",
    "GPUassert: an illegal memory access was encountered src/kernels.cu 77",
    "CUDA error 2 'out of memory' - src/device.cu:32: cudaMalloc(&data_, size)",
    "CUDA error: out of memory",
    "CUBLAS error 13 - src/prod.cpp:12",
    "Failed, NCCL error comm.cu:90 'unhandled cuda error'",
    "Fatal Python error: Segmentation fault",
    "slurmstepd: error: *** JOB 123 ON node7 CANCELLED AT 2024-01-01T10:00:00 DUE TO TIME LIMIT ***",
    "slurmstepd: error: *** STEP 123.0 ON node7 CANCELLED AT 2024-01-01T10:00:00 DUE TO PREEMPTION ***",
    "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=123.batch cgroup. Some of your processes may have been killed",
    "slurmstepd: error: Detected 1 oom_kill event in StepId=123.0. Some of the step tasks have been OOM Killed.",
    "slurmstepd: error: Job 123 exceeded memory limit (70000 > 65536), being killed",
    "slurmstepd: error: Exceeded job memory limit",
    "slurmstepd-node7: error: *** JOB 7 ON node7 CANCELLED AT 2024-01-01T10:00:00 ***",
    "srun: error: node7: task 0: Killed",
    "srun: error: node7: tasks 0-3: Exited with exit code 1",
    "srun: error: node7: task 0: Out Of Memory",
    "srun: error: node7: task 1: Segmentation fault (core dumped)",
    "srun: Job step aborted: Waiting up to 32 seconds for job step to finish.",
    "srun: Force Terminated StepId=123.0",
    "Detected 1 oom_kill event in StepId=123.0",
    "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,task=marian,pid=42,uid=0",
    "marian invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
    "Out of memory: Killed process 4242 (marian) total-vm:67108864kB",
    "Memory cgroup out of memory: Killed process 4242 (marian)",
    "[taskcluster:error] Task aborted - max run time exceeded",
    "[taskcluster:error] exit status 137",
    "[taskcluster 2024-07-22 19:49:52.200Z] Unsuccessful task run with exit code: 1 completed in 15.316 seconds",
    "[taskcluster 2024-07-22T19:49:52.200Z] Unsuccessful task run with exit code: 1 completed in 15.316 seconds",
    "##[error]Process completed with exit code 137.",
    "Command terminated by signal 9",
    "mpirun noticed that process rank 0 with PID 0 on node node7 exited on signal 9 (Killed).",
    "=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES",
    "[node7:4242] *** Process received signal ***",
    "=>> PBS: job killed: walltime 3630 exceeded limit 3600",
    "TERM_MEMLIMIT: job killed after reaching LSF memory usage limit.",
    "Error: The following arguments were not expected: 3 --frobnicate",
    "Error: --dim-emb: 1 required INT missing",
    "Error: Could not convert: --mini-batch = abc",
];

#[test]
fn deaths_are_found_at_the_start_of_a_line_behind_every_prefix() {
    for prefix in PREFIXES {
        for death in DEATHS {
            // In a log with stamps, in one without, and alone.
            for before in [format!("{STAMP}{RECORD}"), RECORD.to_owned(), String::new()] {
                let log = format!("{before}{prefix}{death}\r\nmore\n");
                let line = 1 + before.lines().count() as u64;
                let found = marks(&log);
                assert_eq!(found.len(), 1, "{log:?}: {found:?}");
                assert_eq!((found[0].0.as_str(), found[0].1), ("death", line), "{log:?}");
                assert!(death.ends_with(&found[0].2), "{log:?}: {found:?}");
            }
        }
    }
}

#[test]
fn a_death_by_an_exception_has_what_the_exception_says() {
    const TERMINATE: &str = "terminate called after throwing an instance of 'std::runtime_error'";
    for prefix in PREFIXES {
        for between in
            ["", "terminate called recursively\n", "terminate called recursively\nterminate called recursively\n"]
        {
            for after in ["", "Aborted (core dumped)\n", "[2024-01-01 10:00:09] [data] Shuffling data\n"] {
                let lines = format!("{TERMINATE}\n{between}  what():  CUDA error 2\n{after}");
                let lines: String = lines.lines().map(|line| format!("{prefix}{line}\n")).collect();
                let log = format!("{STAMP}{RECORD}{lines}");
                let found = marks(&log);
                let wanted = mark("death", 2, &format!("{TERMINATE}; what():  CUDA error 2"));
                assert_eq!(found[..1], wanted, "{log:?}");
                assert_eq!(found.len(), if after.is_empty() { 1 } else { 2 }, "{log:?}: {found:?}");
            }
        }
    }
    let log = format!("{STAMP}{RECORD}{TERMINATE}\n{STAMP}Error: other\n");
    let wanted = [mark("death", 2, TERMINATE), mark("error", 3, "other")].concat();
    assert_eq!(marks(&log), wanted);
}

#[test]
fn the_end_of_a_curriculum_is_found_behind_every_prefix() {
    for prefix in PREFIXES {
        let log = format!("{STAMP}{RECORD}{prefix}{STAMP}[Trainer] [INFO] Finished the last stage\n");
        assert_eq!(marks(&log), mark("fed", 2, "Finished the last stage"), "{log:?}");
    }
    for line in ["Finished the last stages of the war", "[Trainer] [INFO] Finished the last stage of all"] {
        let log = format!("{STAMP}{RECORD}{STAMP}Hyp: {line}\n{STAMP}Best translation 0 : {line}\n");
        assert!(marks(&log).iter().all(|(kind, ..)| kind != "fed"), "{log:?}");
    }
}

#[test]
fn what_only_looks_like_a_death_is_none() {
    for line in [
        "Killed by the soldiers, he said",
        "Killed: nine people, all of them soldiers",
        "train-1 exited with code 0",
        "He exited with exit code 137 in mind",
        "make: *** [Makefile:3: clean] Error 1 (ignored)",
        "make: Entering directory '/src'",
        "CUDA version 12.1",
        "Hyp: the pod was OOMKilled",
        "Best translation 0 : the job was CANCELLED AT 2024",
        "The process was Killed",
        "killed it",
        "Aborted from void marian::gpu::fill(marian::Ptr<marian::Backend>, T*) in /src/a.cu:12",
        "Aborted missions are rare",
        "Terminated contracts and others",
        "Quit",
        "Out of memory is what he said",
        "[2024-01-01 10:00:00] Segmentation fault tolerance",
        "tcmalloc: large alloc 1073741824 bytes == 0x55",
        "slurmstepd: error: couldn't chdir to `/home/x': No such file or directory: going to /tmp instead",
        "slurmstepd: info: all fine",
        "srun: job 123 queued and waiting for resources",
        "srun: error: Ignoring --mem",
        "[taskcluster 2023-08-01 22:51:57.931Z] Successful task run with exit code: 0 completed in 15.316 seconds",
        "[taskcluster:warn] nothing bad",
        "train.sh: line 3: nvidia-smi: command not found",
        "train.sh: line 3: 4242 Done                    marian",
        "rm: cannot remove 'model.npz': No such file or directory",
        "[1]+  Done                    marian -c config.yml",
        "[1] 4242",
        "Checking gradient for NaN",
        "[CALL STACK]",
        "[0x7f1aa9da9a74]    marian::io::InputFileStream::  InputFileStream  (std::string const&) + 0x7f4",
        "Error: nobody knows whose",
        "sys     6m8.382s",
        "10: 20: 30 words   here",
        "Ref: 12: 4242 Killed   marian",
        "Hyp: Killed",
        "Best translation 3 : thread 'main' panicked at the sight",
        "Best translation 4 : Process 4242 killed by signal 9",
        "Best translation 5 : The node was low on resource: memory.",
        "Hyp: [1.5] NVRM: Xid (PCI:0000:3b:00): 79, pid=4242",
        "Hyp: OSError: [Errno 28] No space left on device",
        "Ref: Error in rule train:",
        "He was killed by signal flags and smoke",
        "Evicted",
        "The tenant was evicted",
        "No space left",
        "Reason: unknown",
        "thread 'main' goes on",
        "==> train.log <==",
        "== 12 == ABORTING",
        "Error in rules of grammar",
        "MemoryError is what Python raises",
        "ninja: Entering directory `build'",
        "memory allocation of 12 bytes",
        "ValueError: nobody knows whose",
        "NVRM: loading NVIDIA UNIX x86_64 Kernel Module",
        "2 pods were evicted",
        "pod/train-1 created",
    ] {
        for log in [format!("{STAMP}{RECORD}{line}\n"), format!("{line}\n{STAMP}{RECORD}")] {
            assert_eq!(marks(&log), [], "{log:?}");
        }
    }
}

#[test]
fn a_refusal_is_known_by_the_line_after_it_too() {
    let log = format!("{STAMP}{RECORD}Error: something new\nRun with --help for more information.\n");
    assert_eq!(marks(&log), mark("death", 2, "something new"));
    assert_eq!(
        marks("Error: something new\nRun with --help for more information.\n"),
        mark("death", 1, "something new")
    );
    assert_eq!(marks("[task 2023-09-16T12:39:01.105Z] Error: new\n[task 2023-09-16T12:39:01.105Z] Run with --help for more information.\n"), mark("death", 1, "new"));
}

#[test]
fn the_last_line_of_a_traceback_is_the_cause() {
    const TRACEBACK: [&str; 6] = [
        "Traceback (most recent call last):",
        "  File \"/venv/bin/opustrainer-train\", line 8, in <module>",
        "    sys.exit(main())",
        "  File \"/venv/lib/python3.10/site-packages/opustrainer/trainer.py\", line 7, in main",
        "    raise ValueError(f\"{line}: torn\")",
        "ValueError: Expected 2 columns: got 1",
    ];
    for prefix in PREFIXES {
        let lines = TRACEBACK.map(|line| format!("{prefix}{line}\n")).concat();
        assert_eq!(marks(&lines), mark("death", 6, "ValueError: Expected 2 columns: got 1"), "{prefix:?}");
        // Marian goes on to write meanwhile.
        let between = lines.replacen('\n', &format!("\n{prefix}{STAMP}Seen 5 samples\n"), 3);
        assert_eq!(marks(&between), mark("death", 9, "ValueError: Expected 2 columns: got 1"), "{prefix:?}");
        // One that led to another.
        for words in [
            "During handling of the above exception, another exception occurred:",
            "The above exception was the direct cause of the following exception:",
        ] {
            let second = lines.replace("ValueError: Expected 2 columns: got 1", "opustrainer.errors.Stop");
            let log = format!("{lines}{prefix}\n{prefix}{words}\n{prefix}\n{second}{prefix}then more\n");
            assert_eq!(marks(&log), mark("death", 15, "opustrainer.errors.Stop"), "{log:?}");
        }
    }
    let open = TRACEBACK[..4].join("\n");
    assert_eq!(marks(&open), mark("death", 1, TRACEBACK[0]));
    let after = format!("{}\n{STAMP}Training finished\n", TRACEBACK.join("\n"));
    let mut both = mark("death", 6, "ValueError: Expected 2 columns: got 1");
    both.extend(mark("finished", 7, "Training finished"));
    assert_eq!(marks(&after), both);
}

#[test]
fn a_mark_has_the_time_of_its_line_and_the_update_before_it() {
    let (mut parser, mut batch) = (Parser::new(), Batch::default());
    parser.find_marks();
    let log = format!(
        "{STAMP}Training started\n{STAMP}{RECORD}[2024-01-01 10:05:00] Training finished\nKilled\n\
         [task 2024-01-01T10:06:00.500Z] [2024-01-01 10:05:00] Training finished\n"
    );
    parser.feed(log.as_bytes(), &mut batch);
    parser.finish(&mut batch);
    let bits = present::TIMESTAMP | present::UP;
    let found: Vec<_> = batch.events.iter().map(|event| (event.timestamp, event.up, event.present)).collect();
    assert_eq!(
        found,
        [
            (1_704_103_200_000.0, 0.0, present::TIMESTAMP),
            (1_704_103_500_000.0, 500.0, bits),
            (0.0, 500.0, present::UP),
            (1_704_103_560_500.0, 500.0, bits | present::UTC),
        ]
    );
}

#[test]
fn without_being_asked_for_there_are_none() {
    let (mut parser, mut batch) = (Parser::new(), Batch::default());
    parser.feed(format!("{STAMP}Training finished\nKilled\n").as_bytes(), &mut batch);
    parser.finish(&mut batch);
    assert!(batch.events.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_chunks_give_the_same_marks(log in log(), lines in proptest::collection::vec((0..30usize, 0..117usize), 0..6), size in 1..40usize) {
        let mut all: Vec<String> = log.split('\n').map(str::to_owned).collect();
        for (at, death) in lines {
            all.insert(at.min(all.len()), DEATHS[death].to_owned());
        }
        let text = all.join("\n");
        prop_assert_eq!(marks_of(text.as_bytes().chunks(size)), marks_of([text.as_bytes()]));
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        marks_of([bytes.as_slice()]);
    }
}
