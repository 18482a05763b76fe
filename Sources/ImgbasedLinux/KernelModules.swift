import CKmod
import CLinux
public import ImgbasedCore

/// Loads kernel modules as modprobe(8) does, with libkmod: dependencies first, `modprobe.d` obeyed.
///
/// The kernel decompresses compressed modules if it can: its security modules then see the file. Otherwise,
/// libkmod does. (libkmod of Debian 12 does not know the kernel's way.)
public final class KernelModules {
    /// libkmod with the module index of the running kernel; `nil` until a module has to be loaded.
    private var context: OpaquePointer?
    private let patience: Patience

    /// Reads nothing until a module has to be loaded.
    ///
    /// `patience` limits the commands that modprobe.d(5) has in place of modules.
    public init(_ patience: Patience) {
        self.patience = patience
    }

    deinit {
        kmod_unref(context)
    }

    /// Loads the driver of the file system `type`, unless the kernel has it.
    public func loadFileSystem(_ type: String) throws(SystemError) {
        // An initramfs without modules does not name the built-in ones either.
        let known = try SmallFile.read("/proc/filesystems").split(separator: "\n")
        if known.contains(where: { $0.split(separator: "\t").last.map { $0 == type } ?? false }) { return }
        try load(type)
    }

    /// Loads the module or alias `name` and its dependencies, unless they are loaded or built in.
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

    /// A step in loading a module.
    private struct Step {
        /// The module; the owner of the step holds a reference to it.
        var module: OpaquePointer?
        var name: String
        var options: String
        /// The command that modprobe.d(5) has in place of the module; `nil` if none.
        var command: String?
        /// Whether the load fails without this step.
        var isNeeded: Bool
    }

    // libkmod's callback takes no context.
    nonisolated(unsafe) private static var collected: [Step] = []

    /// The steps that load `module`, in order, by a dry run of libkmod; none for a loaded module.
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

        // Modules that are not in this set are soft dependencies.
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
            // The step may be for a dependency of the requested module.
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
