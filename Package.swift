// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

// `make helper` builds the helper's targets as Embedded Swift: the same files without a runtime, so that only
// used code remains. The host tool's targets are not built.
let isHelper = Context.environment["IMGBASED_HELPER"] != nil
let optimization = ["-wmo", "-Osize"]
let helperSettings =
    settings + (isHelper ? [.enableExperimentalFeature("Embedded"), .unsafeFlags(optimization)] : [])
let helperLinking: [LinkerSetting] =
    isHelper
    ? [
        // Only LLVM's own linker can optimize across the modules.
        .unsafeFlags(optimization + ["-use-ld=lld", "-Xclang-linker", "-static"]),
        .linkedLibrary("swiftUnicodeDataTables"), .linkedLibrary("m"),
    ] : []

let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "imgbased",
    products: [
        .executable(name: "imgbase", targets: ["imgbase"]),
        .executable(name: "imgbase-initrd", targets: ["imgbase-initrd"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2", traits: []),
    ],
    targets: [
        // All decisions, as values, without input or output. One half is for early boot and shared knowledge,
        // the other for the host.
        .target(name: "ImgbasedCore", swiftSettings: helperSettings),
        .target(name: "ImgbasedHostCore", dependencies: ["ImgbasedCore"], swiftSettings: settings),

        // C libraries as Swift modules. The linker's search path selects the archive or shared object: shared
        // for the host tool, static for the helper (see Makefile).
        .target(name: "CDeviceMapper", linkerSettings: [.linkedLibrary("devmapper")]),
        .target(name: "CKmod", linkerSettings: [.linkedLibrary("kmod")]),
        .target(name: "CCrypto", linkerSettings: [.linkedLibrary("crypto")]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd"),
        .target(name: "CLinux", cSettings: isHelper ? [.define("IMGBASED_HELPER")] : []),

        // All system calls, in the same two halves.
        .target(
            name: "ImgbasedLinux",
            dependencies: ["ImgbasedCore", "CDeviceMapper", "CKmod", "CLinux"],
            swiftSettings: helperSettings),
        .target(
            name: "ImgbasedHostLinux",
            dependencies: ["ImgbasedCore", "ImgbasedHostCore", "ImgbasedLinux", "CLinux", "CSystemd"],
            swiftSettings: settings),

        // The initramfs helper; linked statically.
        .executableTarget(
            name: "imgbase-initrd",
            dependencies: ["ImgbasedCore", "ImgbasedLinux", "CLinux"],
            swiftSettings: helperSettings, linkerSettings: helperLinking),

        // The host side: probe, executor, images.
        .target(
            name: "ImgbasedHost",
            dependencies: [
                "ImgbasedCore", "ImgbasedHostCore", "ImgbasedLinux", "ImgbasedHostLinux", "CCrypto",
                subprocess, systemPackage,
            ],
            swiftSettings: settings),

        // The command line.
        .executableTarget(
            name: "imgbase",
            dependencies: [
                "ImgbasedCore", "ImgbasedHostCore", "ImgbasedLinux", "ImgbasedHostLinux", "ImgbasedHost",
                argumentParser,
            ],
            swiftSettings: settings),

        .testTarget(
            name: "ImgbasedCoreTests", dependencies: ["ImgbasedCore", "ImgbasedHostCore", "TestRandom"],
            exclude: ["Fixtures"],
            swiftSettings: settings),
        .testTarget(
            name: "ImgbasedHostCoreTests",
            dependencies: ["ImgbasedCore", "ImgbasedHostCore", "TestTrees", "TestRandom"],
            swiftSettings: settings),
        .testTarget(
            name: "ImgbasedLinuxTests",
            dependencies: ["ImgbasedCore", "ImgbasedHostCore", "ImgbasedLinux", "ImgbasedHostLinux"],
            swiftSettings: settings),
        .testTarget(
            name: "ImgbasedHostTests",
            dependencies: [
                "ImgbasedCore", "ImgbasedHostCore", "ImgbasedLinux", "ImgbasedHostLinux", "ImgbasedHost",
                "CLinux", "TestTrees", "TestMachine", systemPackage,
            ],
            swiftSettings: settings),

        // Reproducible random numbers.
        .target(name: "TestRandom", path: "Tests/TestRandom", swiftSettings: settings),

        // File trees in memory, and generated file trees.
        .target(
            name: "TestTrees", dependencies: ["ImgbasedCore", "ImgbasedHostCore"], path: "Tests/TestTrees",
            swiftSettings: settings),

        // The fuzz targets of build-aux/fuzz, run over the stored inputs.
        .testTarget(
            name: "FuzzTests", dependencies: ["ImgbasedCore", "ImgbasedHostCore"], path: "Tests/Fuzz",
            exclude: ["Corpus", "Dictionaries", "Fuzzer.swift"], swiftSettings: settings),

        // Test machines: QEMU, consoles, disks, and operations on them.
        .target(
            name: "TestMachine", path: "Tests/TestMachine", exclude: ["Guest", "Scripts"],
            swiftSettings: settings),
        .testTarget(name: "BootTests", dependencies: ["TestMachine", "FlushProof"], swiftSettings: settings),
        // Judges the possible results of a power cut during a command, without cutting the power.
        .target(
            name: "FlushProof", dependencies: ["TestMachine", "TestRandom"], path: "Tests/FlushProof",
            swiftSettings: settings),
        .executableTarget(
            name: "prove", dependencies: ["TestMachine", "FlushProof"], path: "Tests/Prove",
            swiftSettings: settings),
        .executableTarget(
            name: "demo", dependencies: ["TestMachine"], path: "Tests/Demo", swiftSettings: settings),
        // `make image-build` and its kin.
        .executableTarget(
            name: "image", dependencies: ["TestMachine"], path: "Tests/Image", swiftSettings: settings),
        .executableTarget(
            name: "bench", dependencies: ["TestMachine"], path: "Tests/Bench", exclude: ["Guest"],
            swiftSettings: settings),
    ]
)
