import CKmod
import CLinux
public import ImgbasedCore

/// Loads kernel modules as modprobe(8) does, with libkmod: dependencies first, `modprobe.d` obeyed.
///
/// Those that are compressed the kernel decompresses where it can: its security modules see the file then. libkmod does
/// it where the kernel cannot. (libkmod of Debian 12 knows nothing of the kernel's way.)
public final class KernelModules {
    /// libkmod with the module index of the running kernel, once there is something to load.
    private var context: OpaquePointer?
    private let patience: Patience

    /// Nothing is read before a module has to be loaded. There is `patience` with the commands that modprobe.d(5) has instead of
    /// modules.
    public init(_ patience: Patience) {
        self.patience = patience
    }

    deinit {
        kmod_unref(context)
    }

    /// Sees to it that the kernel has the driver of the file system `type`.
    public func loadFileSystem(_ type: String) throws(SystemError) {
        // A module that is built in has no name in an initramfs that knows of no modules.
        let known = try SmallFile.read("/proc/filesystems").split(separator: "\n")
        if known.contains(where: { $0.split(separator: "\t").last.map { $0 == type } ?? false }) { return }
        try load(type)
    }

    /// Loads what `name` stands for (a module or an alias) and what it needs; nothing where it is there already
    /// or built in.
    ///
    /// The corresponding libkmod functions are `kmod_module_new_from_lookup` and
    /// `kmod_module_probe_insert_module`.
    public func load(_ name: String) throws(SystemError) {
        let directory = String(name.map { $0 == "-" ? "_" : $0 })
        if SmallFile.line("/sys/module/\(directory)/initstate") == "live" { return }

        var list: OpaquePointer?
        let found = kmod_module_new_from_lookup(try open(), name, &list)
        guard found >= 0 else { throw SystemError("look up kernel module", name, errno: -found) }
        guard let list else {
            throw SystemError("load kernel module", name, reason: "the initramfs or root does not have it")
        }
        defer { kmod_module_unref_list(list) }

        var item: OpaquePointer? = list
        while let entry = item {
            let module = kmod_module_get_module(entry)
            defer { kmod_module_unref(module) }
            let steps = try steps(for: module, name)
            defer { for step in steps { kmod_module_unref(step.module) } }
            for step in steps { try take(step) }
            item = kmod_list_next(list, entry)
        }
    }

    /// Something to do for a module.
    private struct Step {
        /// The module, of which whoever has the step has a reference.
        var module: OpaquePointer?
        var name: String
        var options: String
        /// What modprobe.d(5) has to be run instead.
        var command: String?
        /// Whether nothing comes of it all without this.
        var isNeeded: Bool
    }

    // libkmod's callback has no room for more.
    nonisolated(unsafe) private static var collected: [Step] = []

    /// What is to be done for `module`, in order: nothing for what is there. A dry run of libkmod's tells.
    private func steps(for module: OpaquePointer?, _ name: String) throws(SystemError) -> [Step] {
        KernelModules.collected = []
        let status = kmod_module_probe_insert_module(
            module, UInt32(KMOD_PROBE_DRY_RUN.rawValue), nil, nil, nil,
            { (module, isCommand, options) in
                let command = isCommand ? kmod_module_get_install_commands(module) : nil
                KernelModules.collected.append(
                    Step(
                        module: kmod_module_ref(module),
                        name: kmod_module_get_name(module).map { String(cString: $0) } ?? "",
                        options: options.map { String(cString: $0) } ?? "",
                        command: command.map { String(cString: $0) }, isNeeded: false))
            })
        guard status >= 0 else {
            for step in KernelModules.collected { kmod_module_unref(step.module) }
            throw SystemError("load kernel module", name, errno: -status)
        }

        // Others are soft dependencies.
        var needed = Set([kmod_module_get_name(module).map { String(cString: $0) } ?? ""])
        let dependencies = kmod_module_get_dependencies(module)
        defer { kmod_module_unref_list(dependencies) }
        var item = dependencies
        while let entry = item {
            let dependency = kmod_module_get_module(entry)
            defer { kmod_module_unref(dependency) }
            if let name = kmod_module_get_name(dependency) { needed.insert(String(cString: name)) }
            item = kmod_list_next(dependencies, entry)
        }
        return KernelModules.collected.map { step in
            var step = step
            step.isNeeded = needed.contains(step.name)
            return step
        }
    }

    private func take(_ step: Step) throws(SystemError) {
        do throws(SystemError) {
            if let command = step.command {
                try run(command, step)
            } else {
                try insert(step)
            }
        } catch {
            guard step.isNeeded else { return }
            // It may be one that the module which was asked for needs.
            throw error.failing("load kernel module", step.name)
        }
    }

    private func run(_ command: String, _ step: Step) throws(SystemError) {
        // modprobe.d(5).
        let result = try ChildProcess.run(
            "/bin/sh", ["-c", command], patience,
            variables: ["MODPROBE_MODULE=\(step.name)", "CMDLINE_OPTS=\(step.options)"])
        guard result.status == 0 else {
            throw SystemError(
                "run", command, reason: "its command ended with status \(result.status): \(result.lastLine)")
        }
    }

    /// The corresponding functions are `finit_module` and libkmod's `kmod_module_insert_module`.
    private func insert(_ step: Step) throws(SystemError) {
        guard let name = kmod_module_get_path(step.module) else {
            throw SystemError("load kernel module", step.name, reason: "it has no file")
        }
        let path = String(cString: name)
        let file = try OpenFile(opening: path, O_RDONLY)
        let compression = ModuleCompression(try file.read(upTo: ModuleCompression.magicLength, at: 0))
        if let compression, SmallFile.line("/sys/module/compression") == compression.rawValue,
            imgbased_load_module(file.number, step.options, true) == 0 || imgbased_errno() == EEXIST
        {
            return
        }
        let status = kmod_module_insert_module(step.module, 0, step.options)
        guard status < 0, status != -EEXIST else { return }
        guard let compression, status == -ENOEXEC else {
            throw SystemError("load", path, errno: -status)
        }
        throw SystemError(
            "load", path, reason: "neither the kernel nor libkmod can decompress \(compression.rawValue)")
    }

    private func open() throws(SystemError) -> OpaquePointer {
        if let context { return context }
        guard let new = kmod_new(nil, nil) else {
            throw SystemError("read", "/lib/modules", reason: "no index of the running kernel's modules")
        }
        kmod_load_resources(new)
        context = new
        return new
    }
}
