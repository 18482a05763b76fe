import Foundation
import TestMachine
import Testing

/// lvm2's commands, killed after they write their own metadata and before they tell the thin pool.
extension VM {
    /// Runs `command`, which is killed by its first message to a thin pool.
    func interruptAtMessage(_ command: String) throws {
        let result = try run(
            """
            test -e /run/killer.so || base64 -d >/run/killer.so <<'END'
            \(Self.killer.get())
            END
            LD_PRELOAD=/run/killer.so \(command)
            status=$?
            sync
            exit $status
            """)
        // SIGKILL.
        #expect(result.status == 137, "\(result.output)")
    }

    /// The transaction ids of the pool: that in LVM2's metadata and the kernel's.
    func transactionIDs() throws -> String {
        try check(
            """
            echo $(lvs --noheadings -o transaction_id HostVG/ImagePool) \
                $(dmsetup status HostVG-ImagePool-tpool | cut -d ' ' -f 4)
            """)
    }

    /// A library in which `ioctl` of `DM_TARGET_MSG` (linux/dm-ioctl.h) kills the program.
    private static let killer = Result {
        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let source = directory.appending(path: "killer.c")
        let library = directory.appending(path: "killer.so")
        try """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <linux/dm-ioctl.h>
        #include <signal.h>
        #include <stdarg.h>
        #include <sys/ioctl.h>
        #include <unistd.h>
        int ioctl(int file, unsigned long request, ...)
        {
            static int (*next)(int, unsigned long, void *);
            va_list rest;
            va_start(rest, request);
            void *argument = va_arg(rest, void *);
            va_end(rest);
            if ((unsigned)request == (unsigned)DM_TARGET_MSG)
                kill(getpid(), SIGKILL);
            if (!next)
                next = (int (*)(int, unsigned long, void *))dlsym(RTLD_NEXT, "ioctl");
            return next(file, request, argument);
        }
        """.write(to: source, atomically: true, encoding: .utf8)
        try HostCommand.run("gcc", "-shared", "-fPIC", "-Os", "-s", "-o", library.path, source.path)
        return try Data(contentsOf: library).base64EncodedString(options: [
            .lineLength76Characters, .endLineWithLineFeed,
        ])
    }
}
