import CKmod
import SystemPackage

/// Loads kernel modules with libkmod, as modprobe(8) does: dependencies first, `modprobe.d` obeyed.
public struct KernelModules: ~Copyable {
    private let context: OpaquePointer

    /// Reads the module index of the running kernel. Fails where there is none.
    ///
    /// The corresponding libkmod function is `kmod_new`.
    public init() throws(SystemError) {
        guard let context = kmod_new(nil, nil) else {
            throw SystemError("read", "/lib/modules", reason: "no index of the running kernel's modules")
        }
        self.context = context
        kmod_load_resources(context)
    }

    deinit {
        kmod_unref(context)
    }

    /// Loads what `name` stands for (a module or an alias) and what it needs; nothing where it is there already
    /// or built in.
    ///
    /// The corresponding libkmod functions are `kmod_module_new_from_lookup` and
    /// `kmod_module_probe_insert_module`.
    public func load(_ name: String) throws(SystemError) {
        var list: OpaquePointer?
        guard kmod_module_new_from_lookup(context, name, &list) >= 0, let list else {
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
                throw SystemError("load kernel module", name, Errno(rawValue: -status))
            }
            item = kmod_list_next(list, entry)
        }
    }
}
