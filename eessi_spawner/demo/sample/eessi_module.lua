-- Module `EESSI` of the sample stack: one file for every release, which it reads from its own name.
--
-- It is no copy of EESSI's. It sets the variables that EESSI's sets, and obeys the variables that EESSI's
-- obeys, traps included, so that whatever works with a sample works with EESSI.

help([[A sample of EESSI, the European Environment for Scientific Software Installations.
Its modules are named and linked as EESSI's are; most have no software behind them.]])
whatis("Description: sample of EESSI, the European Environment for Scientific Software Installations")
whatis("URL: https://www.eessi.io")

conflict("EESSI")

local release = myModuleVersion()
-- Holds for <root>/init/modules/EESSI/<release>.lua and for <root>/versions/<release>/init/modules/...
local root = myFileName():gsub("/init/modules/EESSI/[^/]+$", ""):gsub("/versions/[^/]+$", "")
local prefix = pathJoin(root, "versions", release)

-- The value of a variable, or nil where it is unset or empty.
local function given(name)
   local value = os.getenv(name)
   if value == "" then return nil end
   return value
end

local function target_path(target)
   return pathJoin(prefix, "software", "linux", target)
end

-- What this CPU can run, best first, as `a/b/c:a/b/d`.
local function target_chain()
   -- A trap, and EESSI's: a chain left over from an earlier load wins over the override. (When the module
   -- is unloaded it must be so, lest it takes away other paths than it added.)
   local chain = given("EESSI_ARCHDETECT_OPTIONS") or given("EESSI_ARCHDETECT_OPTIONS_OVERRIDE")
   if chain == nil then
      chain = capture(pathJoin(prefix, "init", "eessi_archdetect.sh") .. " -a cpupath"):gsub("%s+$", "")
   end
   return chain
end

local function first_built(chain)
   for target in chain:gmatch("[^:]+") do
      if isDir(pathJoin(target_path(target), "software")) then return target end
   end
   return nil
end

-- The accelerator's tree that exists, or nil: the exact one, else that of its generation (cc86 -> cc80).
local function accelerator_built(cpu_target, wanted)
   if wanted == "" then return nil end
   local generation = wanted:gsub("%d$", "0")
   for _, accelerator in ipairs({ wanted, generation }) do
      if isDir(pathJoin(target_path(cpu_target), accelerator, "modules", "all")) then return accelerator end
   end
   return nil
end

local function set_release()
   setenv("EESSI_VERSION", release)
   setenv("EESSI_VERSION_DEFAULT", release)
   setenv("EESSI_SOFTWARE_LAYER_VERSION_SUFFIX", "")
   setenv("EESSI_CVMFS_REPO", root)
   setenv("EESSI_OS_TYPE", "linux")
   setenv("EESSI_PREFIX", prefix)
   setenv("EESSI_INIT_PREFIX", pathJoin(prefix, "init"))
end

local function set_compat_layer(cpu_target)
   local family = given("EESSI_CPU_FAMILY_OVERRIDE") or cpu_target:match("^[^/]+")
   local compat = pathJoin(prefix, "compat", "linux", family)
   setenv("EESSI_CPU_FAMILY", family)
   setenv("EESSI_EPREFIX", compat)
   setenv("EPREFIX", compat)
   prepend_path("PATH", pathJoin(compat, "bin"))
   prepend_path("PATH", pathJoin(compat, "usr", "bin"))
end

-- Where a site keeps its own additions for this target.
local function site_path(cpu_target)
   local site = given("EESSI_SITE_SOFTWARE_PREFIX")
   local releases = site and pathJoin(site, "versions") or pathJoin(root, "host_injections")
   return pathJoin(releases, release, "software", "linux", cpu_target)
end

local function set_accelerator(cpu_target, site)
   -- There is no detection: a sample has no software for accelerators, so none is found unless it is named.
   local wanted = os.getenv("EESSI_ACCELERATOR_TARGET_OVERRIDE") or ""
   setenv("EESSI_ACCEL_SUBDIR", wanted)
   local cpu_of_accelerator = given("EESSI_ACCEL_SOFTWARE_SUBDIR_OVERRIDE") or cpu_target
   local accelerator = accelerator_built(cpu_of_accelerator, wanted)
   if accelerator == nil then return nil end
   local modules = pathJoin(target_path(cpu_of_accelerator), accelerator, "modules", "all")
   local site_modules = pathJoin(site, accelerator, "modules", "all")
   setenv("EESSI_ACCELERATOR_TARGET", accelerator)
   setenv("EESSI_MODULEPATH_ACCEL", modules)
   setenv("EESSI_SITE_MODULEPATH_ACCEL", site_modules)
   return { modules = modules, site_modules = site_modules }
end

-- Lmod's own files: the site's go first, and the cache of what modules there are comes with the target.
local function set_lmod(software, site)
   prepend_path("LMOD_RC", pathJoin(software, ".lmod", "lmodrc.lua"))
   local site_rc = pathJoin(site, ".lmod", "lmodrc.lua")
   if isFile(site_rc) then prepend_path("LMOD_RC", site_rc) end
   pushenv("LMOD_PACKAGE_PATH", pathJoin(software, ".lmod"))
end

local function set_certificates()
   local bundle = "/etc/pki/tls/certs/ca-bundle.crt"
   if not isFile(bundle) then return end
   for _, name in ipairs({ "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE" }) do
      pushenv(name, bundle)
   end
end

local function set_up(chain, cpu_target)
   local software = target_path(cpu_target)
   local modules = pathJoin(software, "modules", "all")
   local site = site_path(cpu_target)
   set_release()
   set_compat_layer(cpu_target)
   setenv("EESSI_ARCHDETECT_OPTIONS", chain)
   setenv("EESSI_SOFTWARE_SUBDIR", cpu_target)
   setenv("EESSI_SOFTWARE_PATH", software)
   setenv("EESSI_MODULEPATH", modules)
   setenv("EESSI_SITE_SOFTWARE_PATH", site)
   setenv("EESSI_SITE_MODULEPATH", pathJoin(site, "modules", "all"))
   set_lmod(software, site)
   set_certificates()
   local accelerator = set_accelerator(cpu_target, site)
   -- The last to be prepended is the first to be searched. `spider` knows these from the cache.
   if mode() ~= "spider" then
      prepend_path("MODULEPATH", modules)
      if accelerator then prepend_path("MODULEPATH", accelerator.modules) end
   end
   prepend_path("MODULEPATH", pathJoin(site, "modules", "all"))
   if accelerator then prepend_path("MODULEPATH", accelerator.site_modules) end
end

if os.getenv("EESSI_MODULE_FAMILY_NAME") then family(os.getenv("EESSI_MODULE_FAMILY_NAME")) end
if os.getenv("EESSI_MODULE_STICKY") then add_property("lmod", "sticky") end

local chain = target_chain()
local cpu_target = first_built(chain)
if cpu_target then
   set_up(chain, cpu_target)
else
   LmodError("Software directory check failed: release ", release, " has no build for any of '", chain, "'")
end

if mode() == "load" and cpu_target and not os.getenv("EESSI_MODULE_QUIET_LOAD") then
   LmodMessage("Module for EESSI/" .. release .. " loaded successfully (a sample, for " .. cpu_target .. ")")
end
