import CKmod

/// Loads kernel modules with libkmod, as modprobe(8) does: dependencies first, `modprobe.d` obeyed.
public final class KernelModules {
    /// libkmod with the module index of the running kernel, once there is something to load.
    private var context: OpaquePointer?

    /// Nothing is read before a module has to be loaded.
    public init() {}

    deinit {
        kmod_unref(context)
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
        guard kmod_module_new_from_lookup(try open(), name, &list) >= 0, let list else {
            throw SystemError("load kernel module", name, reason: "the initramfs or root does not have it")
        }
        defer { kmod_module_unref_list(list) }

        var item: OpaquePointer? = list
        while let entry = item {
            let module = kmod_module_get_module(entry)
            defer { kmod_module_unref(module) }
            // Without flags libkmod looks in /sys/module first and leaves alone what is there.
            let status = kmod_module_probe_insert_module(module, 0, nil, nil, nil, nil)
            guard status >= 0 else {
                throw SystemError("load kernel module", name, errno: -status)
            }
            item = kmod_list_next(list, entry)
        }
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
